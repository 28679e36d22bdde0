"""`recurra stream` of series: each row is answered as `forecast` answers the rows so far, in bounded memory.

Not here: streams of texts (test_stream_texts.py), rows and columns (test_datasets_series.py).
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command_line import Done, recurra, refused
from recurra.datasets.series.files import open_series
from recurra.estimators.series import Forecaster
from recurra.model import load_any
from recurra.streams import series as streams_of_series
from recurra.streams.kept import rows_kept
from recurra.streams.lines import Line, Waiting
from recurra.streams.series import MARGIN, SeriesStreams
from recurra.streams.slots import Slots
from small_models import series_model

RANDOM = np.random.default_rng(3)


def rows_of(names: str, count: int, *, season: int = 4, begin: str = "2020-01-01") -> list[dict[str, Any]]:
    """Rows of daily waves, the series in turn."""
    days = np.arange(np.datetime64(begin), np.datetime64(begin) + count)
    waves = (
        5 + np.sin(2 * np.pi * np.arange(count) / season)[:, None] + 0.1 * RANDOM.standard_normal((count, len(names)))
    )
    return [
        {"unique_id": name, "ds": str(days[step]), "y": float(waves[step, at])}
        for step in range(count)
        for at, name in enumerate(names)
    ]


def jsonl(rows: list[dict[str, Any]]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def forecast(model: Path, rows: list[dict[str, Any]], folder: Path, *options: object) -> list[Any]:
    path = folder / "so-far.jsonl"
    path.write_bytes(jsonl(rows))
    done = recurra("forecast", model, path, "--json", *options)
    assert not done.code, done.err
    found: list[Any] = done.json()["rows"]
    return found


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Classics alone, a net beside them, and a net of windows."""
    import pandas as pd

    folder, frame = tmp_path_factory.mktemp("models"), pd.DataFrame(rows_of("ab", 60))
    choices: dict[str, Any] = {"horizon": 3, "season": 4}
    Forecaster(**choices, recipe="classics").fit(frame).save(folder / "classics")
    Forecaster(**choices, epochs=1, hidden=4).fit(frame).save(folder / "net")
    series_model().save(folder / "windows")
    return {name: folder / name for name in ("classics", "net", "windows")}


@pytest.mark.parametrize("kind", ["classics", "net"])
def test_each_row_is_answered_as_the_rows_so_far_are_forecast(
    models: dict[str, Path], kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams_of_series, "rows_kept", lambda model: 12)
    monkeypatch.setattr(streams_of_series, "MARGIN", 4)
    rows = rows_of("abc", 25, begin="2021-01-01")
    done = recurra("stream", models[kind], "--level", "80", stdin=jsonl(rows))
    assert not done.code, done
    answers = done.rows()
    assert [answer["line"] for answer in answers] == list(range(1, len(rows) + 1))
    assert [answer["key"] for answer in answers] == [row["unique_id"] for row in rows]
    assert [answer["begins"] for answer in answers] == [True] * 3 + [False] * (len(rows) - 3)
    for at in (0, 5, 20, 40, len(rows) - 1):
        mine = [row for row in rows[: at + 1] if row["unique_id"] == rows[at]["unique_id"]]
        assert answers[at]["rows"] == forecast(models[kind], mine[-12:], tmp_path, "--level", "80"), at


@pytest.mark.parametrize("kind", ["classics", "net"])
def test_a_long_series_is_answered_as_its_whole_file_is(models: dict[str, Path], kind: str, tmp_path: Path) -> None:
    model = load_any(models[kind])
    rows, path = rows_of("a", 2 * rows_kept(model)), tmp_path / "rows.jsonl"
    path.write_bytes(jsonl(rows))
    streams = SeriesStreams(model, open_series(str(path), learnt=model.learnt), 3)
    streams.begin(0)
    streams._answered = lambda kept, *, written: ({}, [])  # type: ignore[method-assign]
    for read, line in enumerate((line for some in streams.lines("stop") for line in some), start=1):
        assert isinstance(line, Line)
        if read == len(rows):
            del streams._answered
        told = streams.push([Waiting(line, 0, line.item)])[0].answer["columns"]
    assert len(streams._kept[0].lines) <= rows_kept(model) + MARGIN < len(rows)
    whole = [row["Recurra"] for row in forecast(models[kind], rows, tmp_path)]
    np.testing.assert_allclose([float(value) for value in told["Recurra"]], whole, rtol=1e-9)


def test_a_net_of_windows_answers_from_its_first_whole_window_on(models: dict[str, Path], tmp_path: Path) -> None:
    rows = [{"unique_id": "a", "ds": step, "y": float(step % 5)} for step in range(12)]
    answers = recurra("stream", models["windows"], "--level", "80", stdin=jsonl(rows)).rows()
    assert [len(answer["rows"]) for answer in answers] == [0, 0] + [2] * 10
    for at in (2, 7, 11):
        assert answers[at]["rows"] == forecast(models["windows"], rows[: at + 1], tmp_path, "--level", "80")
    refused(recurra("stream", models["windows"], stdin=jsonl([{"unique_id": "b", "ds": 1, "y": 1.0}])), 3, "'b'")


def test_the_series_read_longest_ago_is_let_go_and_begins_anew(models: dict[str, Path]) -> None:
    rows = (
        rows_of("ab", 3) + rows_of("c", 1) + rows_of("b", 1, begin="2020-01-04") + rows_of("a", 1, begin="2020-01-04")
    )
    done = recurra("stream", models["classics"], "--most", "2", stdin=jsonl(rows))
    assert [answer["begins"] for answer in done.rows()] == [True, True, *[False] * 4, True, False, True]
    assert "note: more than 2 keys: 'a', read longest ago, is let go" in done.err
    assert "note: 2 streams were let go; 2 are kept" in done.err


def test_a_row_that_does_not_fit_ends_the_stream_or_is_left_out(models: dict[str, Path]) -> None:
    good = rows_of("a", 3)
    bad = [good[0], good[1], good[0], {**good[2], "y": "much"}, good[2]]
    done = recurra("stream", models["classics"], stdin=jsonl(bad))
    assert done.code == 3 and len(done.rows()) == 2
    assert done.err.splitlines()[-1].startswith("recurra: <stdin>:3: times of series 'a' go back")
    gone_on = recurra("stream", models["classics"], "--on-error", "reject", stdin=jsonl(bad) + b"nonsense\n")
    assert gone_on.code == 0 and [row["line"] for row in gone_on.rows()] == [1, 2, 5]
    assert [line.split(": ")[1] for line in gone_on.err.splitlines() if line.startswith("rejected")] == [
        "<stdin>:3", "<stdin>:4", "<stdin>:6:1"
    ]  # fmt: skip
    assert "3 lines were refused and left out" in gone_on.err
    assert gone_on.rows()[-1]["rows"] == recurra("stream", models["classics"], stdin=jsonl(good)).rows()[-1]["rows"]


def test_what_a_stream_cannot_answer_is_refused_in_one_line(models: dict[str, Path]) -> None:
    row = jsonl(rows_of("a", 1))
    refused(recurra("stream", "series", stdin=row), 2, "finds its season in each file")
    refused(recurra("stream", models["classics"], "--wide", stdin=row), 2, "--wide")
    refused(recurra("stream", models["classics"], "--most", "0", stdin=row), 2)
    refused(recurra("stream", models["classics"], stdin=b""), 3, "no rows")


def test_gaps_names_and_forms_are_those_of_a_file(models: dict[str, Path]) -> None:
    table = b"when,shop,sold\n2020-01-01,a,3\n2020-01-03,a,4\n2020-01-04,a,4\n"
    named = ("--id", "shop", "--time", "when", "--value", "sold", "--form", "csv")
    done: Done = recurra("stream", models["classics"], *named, stdin=table)
    assert not done.code and "times are missing in series 'a'" in done.err
    # Two rows two days apart: only the third shows that a day is missing.
    assert "found a rhythm of 2 days" in done.err
    assert [row["rows"][0]["when"] for row in done.rows() if row["rows"]] == ["2020-01-02", "2020-01-05"]
    assert [len(row["rows"]) for row in done.rows()] == [3, 0, 3]


def test_a_series_begins_with_its_first_value(models: dict[str, Path]) -> None:
    first, *rest = rows_of("a", 3)
    done = recurra("stream", models["classics"], stdin=jsonl([{**first, "y": None}, *rest]))
    assert not done.code and [row["begins"] for row in done.rows()] == [True, True, False]
    assert done.rows()[0]["rows"] == []
    assert done.rows()[1:] == [
        {**row, "line": row["line"] + 1} for row in recurra("stream", models["classics"], stdin=jsonl(rest)).rows()
    ]


def test_slots_keep_the_keys_that_were_read_last() -> None:
    slots, order = Slots(3), list("abcabda")
    taken = [slots.of(key) for key in order]
    assert [one.number for one in taken] == [0, 1, 2, 0, 1, 2, 0]
    assert taken[5].gone == "c" and taken[5].begins and not taken[6].begins
    random, last = np.random.default_rng(0), list[str]()
    slots = Slots(5)
    for key in map(str, random.integers(0, 12, 500).tolist()):
        one = slots.of(key)
        assert one.begins == (key not in last)
        last = [*(other for other in last if other != key), key][-5:]
        numbers = slots._numbers
        assert list(numbers) == last and max(Counter(numbers.values()).values()) == 1


@pytest.mark.parametrize("kind", ["classics", "net", "windows"])
@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_series_goes_on_from_its_history(models: dict[str, Path], kind: str, form: str, tmp_path: Path) -> None:
    days = rows_of("ab" if kind != "windows" else "a", 30, begin="2021-01-01")
    if kind == "windows":
        days = [{**row, "ds": number} for number, row in enumerate(days)]
    past, coming = days[: -len({row["unique_id"] for row in days})], days[-len({row["unique_id"] for row in days}) :]
    file = tmp_path / f"past.{form}"
    if form == "jsonl":
        file.write_bytes(jsonl(past))
    else:
        file.write_text("unique_id,ds,y\n" + "".join(f"{row['unique_id']},{row['ds']},{row['y']}\n" for row in past))
    done = recurra("stream", models[kind], "--history", file, "--level", "80", stdin=jsonl(coming))
    assert not done.code, done.err
    assert f"note: {len(coming)} series begin with their history: {len(past)} rows of {file}" in done.err
    assert [row["begins"] for row in done.rows()] == [False] * len(coming)
    for row, came in zip(done.rows(), coming, strict=True):
        mine = [each for each in days if each["unique_id"] == came["unique_id"]]
        assert row["rows"] == forecast(models[kind], mine, tmp_path, "--level", "80")


def test_of_a_long_history_the_newest_rows_are_kept_and_of_many_series_the_last(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams_of_series, "rows_kept", lambda model: 12)
    monkeypatch.setattr(streams_of_series, "MARGIN", 4)
    days, past = rows_of("abc", 41, begin="2021-01-01"), tmp_path / "past.jsonl"
    past.write_bytes(jsonl(days[:-3]))
    done = recurra("stream", models["net"], "--history", past, "--most", "2", stdin=jsonl(days[-3:]))
    assert "more than 2 keys: 'a'" in done.err and "begin with their history: 120 rows" in done.err
    mine = [row for row in days if row["unique_id"] == "c"]
    last = recurra("stream", models["net"], "--history", past, stdin=jsonl(days[-1:])).rows()[0]
    assert last["rows"] == forecast(models["net"], mine[-12:], tmp_path) and last["line"] == 1


def test_a_history_that_does_not_fit_is_told_with_its_place_before_the_first_answer(
    models: dict[str, Path], tmp_path: Path
) -> None:
    past, coming = tmp_path / "past.csv", jsonl(rows_of("a", 31)[-1:])

    def streamed(text: str, *more: object) -> Done:
        past.write_text(text)
        return recurra("stream", models["classics"], "--history", past, *more, stdin=coming)

    head = "unique_id,ds,y\na,2020-01-01,3\n"
    refused(streamed(head + "a,2020-01-02,x\n"), 3, f"{past}:3", "no usable number")
    refused(streamed(head + "a,2020-01-01,4\n"), 3, f"{past}:3", "more than once")
    back = head + "a,2019-12-31,4\n"
    refused(streamed(back, "--sort"), 3, f"{past}:3", "go back")
    refused(streamed("shop,ds,y\na,2020-01-01,3\n"), 3, "columns of the history")
    refused(streamed(head, "--history", tmp_path / "none.csv"), 3, "no such file")
    refused(streamed(head, "--history", "-"), 2, "--history")
    refused(recurra("stream", models["classics"], "--history", past, "--key", "x", stdin=coming), 2, "--key")
    # The first row that comes does not fit: its own place is told.
    past.write_text(head)
    again = recurra("stream", models["classics"], "--history", past, stdin=jsonl(rows_of("a", 1)))
    assert again.code == 3 and "<stdin>:1: 1 times of series 'a' stand more than once" in again.err
