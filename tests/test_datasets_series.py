"""Long series tables out of files: columns, numbers, times, order, gaps."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from reading import read_series
from recurra.config import SeriesConfig
from recurra.datasets.series.checks import check_lengths, tell
from recurra.datasets.series.numbers import NumberForm
from recurra.datasets.series.table import SeriesTable
from recurra.errors import DataError

LONG = "unique_id,ds,y\nb,2024-01-01,1\nb,2024-01-02,2.5\na,2024-01-01,-3e2\na,2024-01-02,.5\n"


def write(folder: Path, text: str, name: str = "sales.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def one(folder: Path, rows: str, **options: object) -> SeriesTable:
    return read_series(write(folder, "ds,y\n" + rows), **options)  # type: ignore[arg-type]


def refused(folder: Path, text: str, **options: object) -> str:
    with pytest.raises(DataError) as caught:
        read_series(write(folder, text), **options)  # type: ignore[arg-type]
    return str(caught.value).removeprefix(f"{folder / 'sales.csv'}:")


def test_a_long_table_becomes_series_in_order_of_appearance(tmp_path: Path) -> None:
    table = read_series(write(tmp_path, LONG))
    assert table.ids == ["b", "a"] and table.rows == 4
    assert table.values["a"].tolist() == [-300.0, 0.5] and table.values["a"].dtype == np.float64
    assert table.times["b"].tolist() == np.array(["2024-01-01", "2024-01-02"], "datetime64[D]").tolist()
    assert not table.missing["a"].any() and table.warnings == []


def test_rows_of_several_series_may_be_mixed(tmp_path: Path) -> None:
    text = "unique_id,ds,y\na,1,1\nb,1,10\na,2,2\nb,2,20\n"
    table = read_series(write(tmp_path, text))
    assert table.values["a"].tolist() == [1, 2] and table.values["b"].tolist() == [10, 20]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sales.csv", "Month,Passengers\n1949-01,112\n1949-02,118\n"),
        ("sales.tsv", "y\tDate\n112\t1949-01\n118\t1949-02\n"),
        ("sales.jsonl", '{"when": "1949-01", "y": 112}\n{"when": "1949-02", "y": 118}\n'),
    ],
)
def test_a_date_and_a_value_are_one_series_named_by_the_file(tmp_path: Path, name: str, text: str) -> None:
    table = read_series(write(tmp_path, text, name), ds="when" if "when" in text else None)
    assert table.ids == ["sales"] and table.values["sales"].tolist() == [112, 118]
    assert table.times["sales"].dtype == "datetime64[M]"


def test_a_lone_value_column_is_counted_in_steps(tmp_path: Path) -> None:
    table = read_series(write(tmp_path, "heart rate\n80\n81\n"))
    assert table.times["sales"].tolist() == [0, 1]


def test_parquet_with_dates_gives_the_same(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    times = np.array(["2024-01-01T00", "2024-01-01T01"], dtype="datetime64[ns]")
    parquet.write_table(pyarrow.table({"ds": times, "y": [1, 2]}), tmp_path / "p.parquet")
    table = read_series(tmp_path / "p.parquet")
    assert table.times["p"].astype("datetime64[h]").tolist() == times.astype("datetime64[h]").tolist()


def test_columns_that_cannot_be_told_are_listed(tmp_path: Path) -> None:
    assert "no value column; found columns 'ds', 'a', 'b'" in refused(tmp_path, "ds,a,b\n1,2,3\n")
    assert "no time column" in refused(tmp_path, "a,b\n1,2\n")
    assert "did you mean 'ds'?" in refused(tmp_path, "ds,y\n1,2\n", ds="dss")


@pytest.mark.parametrize(
    ("cell", "advice"),
    [
        ("1_000", "without underscores"),
        ("١٢٣", "plain number"),
        ("0x10", "decimal digits"),
        ('"1,234.5"', "without thousands separators"),
        ('"1.234,5"', "decimal point"),
        ('"0,5"', "decimal point"),
        ("$5", "bare number"),
        ("5%", "bare number"),
        ("inf", "plain number"),
        ("-Infinity", "plain number"),
        ("1e400", "finite values"),
        ("1e151", "finite values"),
        ("true", "plain number"),
        ("abc", "plain number"),
        ("1 2", "plain number"),
        ("1e", "plain number"),
        ("−5", "write a negative number with - before it"),
        ("(5)", "write a negative number with - before it"),
        ('"1,234.5-"', "write a negative number with - before it"),
    ],
)
def test_what_is_no_plain_number_has_line_and_column(tmp_path: Path, cell: str, advice: str) -> None:
    message = refused(tmp_path, f"ds,y\n2024-01-01,1\n2024-01-02,{cell}\n")
    assert message.startswith("3:12: no usable number in column 'y'") and advice in message


@pytest.mark.parametrize("cell", ["5-", "(5)", "−5", "true", "١٢٣", "1 2"])
def test_what_may_be_a_number_is_not_advised_away_as_missing(tmp_path: Path, cell: str) -> None:
    assert "missing" not in refused(tmp_path, f"ds,y\n2024-01-01,1\n2024-01-02,{cell}\n")


@pytest.mark.parametrize(
    ("cell", "value"), [("1", 1), ("+2.50", 2.5), (" 3 ", 3), ("1e-300", 1e-300), ("7.", 7), ("-.5e2", -50)]
)
def test_plain_numbers_are_read_exactly(cell: str, value: float) -> None:
    assert NumberForm().parse(cell) == value


@pytest.mark.parametrize("cell", ["true", '"1"', "null"])
def test_a_json_cell_without_a_number_is_refused_and_a_number_in_a_text_is_read(tmp_path: Path, cell: str) -> None:
    path = write(tmp_path, f'{{"ds": 1, "y": 1}}\n{{"ds": 2, "y": {cell}}}\n', "t.jsonl")
    if cell == '"1"':
        assert read_series(path).values["t"].tolist() == [1, 1]
    else:
        with pytest.raises(DataError, match=r"t\.jsonl:2:16: (no usable number|1 missing)"):
            read_series(path)


def test_missing_values_are_refused_with_count_and_first_line(tmp_path: Path) -> None:
    text = "ds,y\n1,1\n2,\n3,NaN\n4,n/a\n5,5\n"
    message = refused(tmp_path, text)
    assert message.startswith("3:3: 3 missing values in column 'y'") and 'impute="ffill"' in message
    table = read_series(write(tmp_path, text), missing=True)
    assert table.missing["sales"].tolist() == [False, True, True, True, False]
    assert table.warnings == ["3 values are missing in series 'sales': read as unknown"]


def test_a_column_or_series_without_any_value_is_refused_by_name(tmp_path: Path) -> None:
    assert "column 'y' has no value at all" in refused(tmp_path, "ds,y\n1,\n2,NaN\n", missing=True)
    text = "unique_id,ds,y\na,1,1\nb,1,\nb,2,\n"
    assert refused(tmp_path, text, impute="ffill").startswith("3:5: series 'b' has no value at all")
    kept = read_series(write(tmp_path, text), missing=True)
    assert kept.ids == ["a"] and kept.warnings == ["1 series have no value at all, such as 'b': left out"]


def test_constant_series_are_warned_of(tmp_path: Path) -> None:
    assert "1 series are constant, such as 'sales'" in one(tmp_path, "1,5\n2,5\n3,5\n").warnings[0]


def test_numbers_beyond_2_to_the_53_are_warned_of(tmp_path: Path) -> None:
    assert "1 values reach 2^53" in one(tmp_path, "1,9007199254740993\n2,5\n").warnings[0]


@pytest.mark.parametrize("cell", ["", '"  "'])
def test_an_empty_series_id_is_a_row_error(tmp_path: Path, cell: str) -> None:
    assert refused(tmp_path, f"unique_id,ds,y\na,1,1\n{cell},2,2\n").startswith("3:1: series id is missing")


def test_a_short_series_tells_need_and_have(tmp_path: Path) -> None:
    table, config = one(tmp_path, "1,5\n2,6\n"), SeriesConfig(window=3, horizon=2)
    needs = "found 2 values; allowed: 16 or more: 5 for a window of 3 and a horizon of 2, 9 to validate, 2 to test"
    with pytest.raises(DataError, match=f"series 'sales' is too short; {needs}"):
        check_lengths(table, config, validation=8)
    with pytest.raises(DataError, match="allowed: 5 or more"):
        check_lengths(table, config, validation=0, test=False)
    check_lengths(table, SeriesConfig(window=1, horizon=1), validation=0, test=False)


def test_times_that_go_back_are_shown_as_a_pair_and_can_be_sorted(tmp_path: Path) -> None:
    text = "ds,y\n2024-01-02,2\n2024-01-03,3\n2024-01-01,1\n"
    message = refused(tmp_path, text)
    assert message.startswith("4:12: times of series 'sales' go back; found 2024-01-01 after 2024-01-03")
    assert one(tmp_path, text.removeprefix("ds,y\n"), sort=True).values["sales"].tolist() == [1, 2, 3]


def test_double_times_are_refused_or_settled_as_chosen(tmp_path: Path) -> None:
    rows = "1,1\n2,2\n2,4\n3,3\n"
    assert refused(tmp_path, "ds,y\n" + rows).startswith("4:3: 1 times of series 'sales' stand more than once; found 2")
    assert one(tmp_path, rows, duplicates="first").values["sales"].tolist() == [1, 2, 3]
    assert one(tmp_path, rows, duplicates="mean").values["sales"].tolist() == [1, 3, 3]
    assert one(tmp_path, "1,1\n2,\n2,4\n3,3\n", duplicates="mean", missing=True).values["sales"].tolist() == [1, 4, 3]


def test_gaps_are_listed_filled_or_left(tmp_path: Path) -> None:
    rows = "2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n2024-01-06,6\n"
    message = refused(tmp_path, "ds,y\n" + rows)
    assert message.startswith("4:12: 2 times of series 'sales' are missing at its rhythm of 1 day")
    assert "2024-01-04, 2024-01-05" in message
    filled = one(tmp_path, rows, gaps="fill")
    assert filled.missing["sales"].tolist() == [False, False, False, True, True, False]
    assert filled.times["sales"].size == 6 and filled.values["sales"][5] == 6
    assert one(tmp_path, rows, gaps="ignore").values["sales"].size == 4


def test_gaps_are_unknown_values_where_these_are_kept_and_doubtful_ones_stay_refused(tmp_path: Path) -> None:
    days = [f"2024-01-{day:02d}" for day in range(1, 32)]
    table = one(tmp_path, "".join(f"{day},1\n" for day in [*days[:9], *days[25:]]), missing=True)
    assert table.values["sales"].size == 31 and table.missing["sales"].sum() == 16
    assert table.warnings[1] == (
        "16 times are missing in series 'sales' at 2024-01-10, 2024-01-11, 2024-01-12: read as unknown"
    )
    assert "which is not sure" not in str(table.refusals[0]) and "16 times" in str(table.refusals[0])
    # Single times that are missing by chance are no rhythm, however many there are beside a long gap.
    rows = "".join(f"{day},1\n" for at, day in enumerate(days) if at not in (2, 5, 8, *range(11, 22)))
    assert one(tmp_path, rows, missing=True).missing["sales"].sum() == 14
    # Gaps of one length come again and again; a date is far away; most neighbours are more than a step apart.
    nights = [f"2024-01-{day:02d} {hour:02d}:00" for day in range(1, 9) for hour in range(9, 17)]
    for times in (nights, [*days, "2204-01-01"], ["1", "2", "4", "7"]):
        assert "are missing at its rhythm" in refused(
            tmp_path, "ds,y\n" + "".join(f"{t},1\n" for t in times), missing=True
        )
    # In a panel of days, a short series has gaps of days.
    rows = "".join(f"a,{day},1\n" for day in days) + "".join(f"b,{days[at]},2\n" for at in (0, 1, 3, 6))
    table = read_series(write(tmp_path, "unique_id,ds,y\n" + rows), missing=True)
    assert table.missing["b"].tolist() == [False, False, True, False, True, True, False]
    assert refused(tmp_path, "unique_id,ds,y\n" + rows, missing=True, gaps="refuse").count("are missing at its rhythm")


@pytest.mark.parametrize(
    ("times", "rhythm"),
    [
        (["2020-01-01", "2020-02-01", "2020-03-01", "2020-05-01"], "1 month"),
        (["2020-01-31", "2020-02-29", "2020-03-31", "2020-05-31"], "1 month"),
        (["2020-01-15", "2020-04-15", "2020-07-15", "2021-01-15"], "3 months"),
        (["1900", "1901", "1902", "1904"], "1 year"),
        (["2024-01-01", "2024-01-08", "2024-01-15", "2024-01-29"], "7 days"),
        (["2024-01-01 00:00", "2024-01-01 00:30", "2024-01-01 01:00", "2024-01-01 02:00"], "30 minutes"),
        ([f"2024-01-0{day}" for day in (1, 2, 3, 4, 5, 8, 9)] + ["2024-01-10", "2024-01-12"], "1 business day"),
        (["10", "20", "30", "50"], "10 steps"),
    ],
)
def test_rhythms_are_calendar_rhythms_and_one_missing_time_is_found(
    tmp_path: Path, times: list[str], rhythm: str
) -> None:
    rows = "".join(f"{time},{number}\n" for number, time in enumerate(times))
    whole = one(tmp_path, rows, gaps="fill")
    assert whole.times["sales"].size == len(times) + 1 and whole.missing["sales"].sum() == 1
    assert tell(whole.rhythms) == {rhythm: 1}
    known = one(tmp_path, rows, gaps="ignore")
    assert np.array_equal(whole.times["sales"][~whole.missing["sales"]], known.times["sales"])
    assert f"rhythm of {rhythm}" in refused(tmp_path, "ds,y\n" + rows)


def test_times_off_the_rhythm_are_refused_and_left_when_asked(tmp_path: Path) -> None:
    rows = "".join(f"2024-01-01 0{hour}:00,1\n" for hour in range(5)) + "2024-01-01 05:07,2\n"
    message = refused(tmp_path, "ds,y\n" + rows)
    assert message.startswith("7:18: 1 times of series 'sales' are off its rhythm of 1 hour")
    assert one(tmp_path, rows, gaps="ignore").values["sales"].size == 6


def test_series_are_read_from_stdin_and_errors_tell_their_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def standard_input(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    standard_input("ds,y\n2024-01-01,1\n2024-01-02,2\n")
    table = read_series("-")
    assert table.unnamed and table.values[table.ids[0]].tolist() == [1, 2]
    standard_input("ds,y\n2024-01-01,1\n2024-01-03,x\n")
    with pytest.raises(DataError, match=r"^<stdin>:3:12: no usable number"):
        read_series("-")
    standard_input("ds,y\n2024-01-02,1\n2024-01-01,2\n")
    with pytest.raises(DataError, match=r"^<stdin>:3:12: times .* go back"):
        read_series("-")


@pytest.mark.timeout(60)
def test_a_large_table_is_read_in_one_go(tmp_path: Path) -> None:
    rows = "".join(f"s{row // 1000},{row % 1000},{row}\n" for row in range(100_000))
    path = write(tmp_path, "unique_id,ds,y\n" + rows)
    assert len(read_series(path).ids) == 100


@pytest.mark.parametrize("cell", ["", " ", "NA", "N/A", "#N/A", "<NA>", "NaN", "-nan", "NULL", "None", "NaT", "-"])
def test_the_words_that_exports_write_for_missing_are_missing(cell: str) -> None:
    assert np.isnan(NumberForm().parse(cell))
