"""Files as people have them, through every command that reads one: nothing is taken in silence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from command_line import recurra, refused
from small_models import save_all

SMALL = ("--epochs", 1, "--set", "hidden=6", "--set", "embedding_size=6", "--set", "min_count=1", "--quiet")
GOOD, BAD = "a good film indeed", "not a good film"
LITERAL = f'label\ttext\ngood\t"{GOOD}\nbad\t{BAD}\nbad\tonly 19"\ngood\t{GOOD}\n'


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return save_all(tmp_path_factory.mktemp("models"))


def rows(count: int = 20, *, delimiter: str = ",") -> str:
    """Labelled rows, one class after the other."""
    return "".join(
        f"{GOOD if row % 2 else BAD} {row}{delimiter}{'good' if row % 2 else 'bad'}\n" for row in range(count)
    )


def test_a_list_without_a_header_gets_an_answer_for_each_text_or_a_warning(
    models: dict[str, Path], tmp_path: Path
) -> None:
    file = tmp_path / "new.csv"
    file.write_text(f"{GOOD}\n{BAD}\nthe plot\n")
    done = recurra("predict", models["text"], file, "--json")
    assert [row["line"] for row in done.rows()] == [1, 2, 3]
    assert (
        done.err
        == f"warning: {file}:1: taken for data, not for a header: the columns are '1'; pass --header if it names them\n"
    )
    file.write_text("the plot\ngood\n")
    told = recurra("predict", models["text"], file)
    assert told.out.count("\n") == 1 and f"{file}:1: 'the plot' was taken for the column's name" in told.err
    assert recurra("predict", models["text"], file, "--no-header").out.count("\n") == 2
    assert not recurra("predict", models["text"], file, "--no-header").err


def test_a_pipe_is_read_by_every_command(models: dict[str, Path], tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("text|label\n" + rows(delimiter="|"))
    with_commas = tmp_path / "commas.csv"
    with_commas.write_text("text,label\n" + rows())
    assert recurra("predict", models["text"], file).out == recurra("predict", models["text"], with_commas).out
    figures = [recurra("evaluate", models["text"], each, "--json").json()["loss"] for each in (file, with_commas)]
    assert figures[0] == figures[1]
    told = recurra("data", "check", file, "--text", "text", "--label", "label")
    assert (
        told.code == 0 and "delimiter '|' (told by the file)" in told.out and "classes: 'bad' 10, 'good' 10" in told.out
    )
    fitted = recurra("fit", "text", file, *SMALL, "--out", tmp_path / "run", "--json")
    assert fitted.code == 0 and fitted.json()["evaluation"]["rows"] == 2


def test_quotes_as_text_are_refused_where_they_swallow_rows_and_read_when_said(
    models: dict[str, Path], tmp_path: Path
) -> None:
    file = tmp_path / "new.tsv"
    file.write_text(LITERAL)
    for command in (("predict", models["text"]), ("evaluate", models["text"])):
        refused(recurra(*command, file), 3, f"{file}:2:6: quote opened here", "--quoting none")
        assert recurra(*command, file, "--quoting", "none").code == 0
    answers = recurra("predict", models["text"], file, "--quoting", "none", "--json").rows()
    assert [row["line"] for row in answers] == [2, 3, 4, 5]
    checked = recurra("data", "check", file)
    assert checked.code == 3 and "2:6: quote opened here" in checked.out
    assert recurra("data", "check", file, "--quoting", "none").code == 0


def test_a_table_on_stdin_is_read_when_it_is_said_to_be_one(models: dict[str, Path]) -> None:
    table = b"id,text\n1,good\n2,bad\n"
    told = recurra("predict", models["text"], "-", "--form", "csv", "--json", stdin=table)
    assert [row["line"] for row in told.rows()] == [2, 3] and not told.err
    lines = recurra("predict", models["text"], "-", stdin=table)
    assert lines.out.count("\n") == 3 and "look like a table cut by ','" in lines.err and "--form csv" in lines.err
    check = ("data", "check", "-", "--form", "csv")
    done = recurra(*check, "--task", "text", stdin=table)
    assert done.code == 3 and "no label column: fit for predict, not for fit" in done.out
    labelled = b"text,label\n" + b"".join(b"good %d,a\nbad %d,b\n" % (row, row) for row in range(9))
    assert recurra(*check, "--task", "text", stdin=labelled).code == 0
    assert "error: <stdin>: a table on stdin is read once; name the task" in recurra(*check, stdin=table).out
    refused(recurra("predict", models["text"], "-", "--delimiter", ";", stdin=table), 2, "--delimiter is for tables")


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (("--quoting", "single"), "--quoting"),
        (("--form", "excel"), "--form"),
        (("--delimiter", "ab"), "--delimiter"),
        (("--encoding", "utf-9"), "unknown encoding"),
    ],
)
@pytest.mark.parametrize(
    "command", ["predict", "evaluate", "forecast", "fit text", "fit language", "fit series", "check"]
)
def test_an_option_that_is_none_is_refused_by_every_command(
    command: str, option: tuple[str, ...], told: str, models: dict[str, Path], tmp_path: Path
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("text,label\n" + rows())
    words = {
        "predict": ("predict", models["text"]),
        "evaluate": ("evaluate", models["text"]),
        "forecast": ("forecast", models["series"]),
        "check": ("data", "check"),
    }
    refused(recurra(*words.get(command, tuple(command.split())), file, *option), 2, told)


def test_a_language_is_learnt_from_a_tables_text_alone(tmp_path: Path) -> None:
    table, plain = tmp_path / "notes.csv", tmp_path / "notes.txt"
    texts = [f"the room was clean, and number {row % 7} was quiet" for row in range(60)]
    table.write_text("id,text,label\n" + "".join(f'{row},"{text}",bad\n' for row, text in enumerate(texts)))
    plain.write_text("".join(text + "\n" for text in texts))
    small = (*SMALL, "--set", "streams=2", "--set", "steps=6", "--json")
    told = [recurra("fit", "language", each, *small, "--out", tmp_path / each.suffix[1:]) for each in (table, plain)]
    figures = [each.json()["evaluation"] for each in told]
    assert [each.err for each in told] == ["note: texts from column 'text'\n", ""]
    assert [each.code for each in told] == [0, 0] and figures[0] == figures[1]
    words = {
        token for row in ("1", "2") for token in recurra("generate", tmp_path / "csv", row, "--tokens", 30).out.split()
    }
    assert not words & {"bad", '"', "id", "label"}
    measured = [recurra("evaluate", tmp_path / "csv", each, "--json").json() for each in (table, plain)]
    assert measured[0] == measured[1] and measured[0]["rival"]["perplexity"] > 1
    table.write_text(table.read_text().replace("id,text,label", "id,note,label"))
    refused(recurra("fit", "language", table, *SMALL, "--out", tmp_path / "no"), 3, "no text column", "--text COLUMN")
    named = recurra("fit", "language", table, *small, "--text", "note", "--out", tmp_path / "named")
    assert named.json()["evaluation"] == figures[0]
    checked = recurra("data", "check", table, "--task", "language", "--text", "note")
    assert checked.code == 0 and "texts from column 'note'" in checked.out


def test_a_plain_text_that_looks_like_a_table_is_told_before_it_is_learnt(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("id\ttext\n" + "".join(f"{row}\tthe room was clean\n" for row in range(60)))
    done = recurra("fit", "language", file, *SMALL, "--set", "streams=2", "--out", tmp_path / "run")
    assert done.code == 0 and "look like a table cut by '\\t'" in done.err and "--form tsv" in done.err
    assert "look like a table" in recurra("data", "check", file).out


def test_answers_take_the_column_that_the_run_learnt_from(tmp_path: Path) -> None:
    train, new = tmp_path / "train.csv", tmp_path / "new.csv"
    train.write_text("note,label\n" + rows())
    assert recurra("fit", "text", train, *SMALL, "--text", "note", "--out", tmp_path / "run").code == 0
    new.write_text(f"text,note,label\nsee note,{GOOD},good\nsee note,{BAD},bad\n")
    wanted = recurra("predict", tmp_path / "run", "--text", GOOD, "--text", BAD).out
    done = recurra("predict", tmp_path / "run", new)
    assert done.out == wanted and not done.err
    measured = recurra("evaluate", tmp_path / "run", new, "--json")
    assert measured.code == 0 and "warning" not in measured.err
    new.write_text(f"id,text\n1,{GOOD}\n2,{BAD}\n")
    other = recurra("predict", tmp_path / "run", new)
    assert other.out == wanted
    assert other.err == "warning: the model learnt from column 'note'; texts are taken from 'text'\n"
    assert recurra("predict", tmp_path / "run", "-", stdin=f"{GOOD}\n{BAD}\n".encode()).err == ""
    (tmp_path / "run" / "source.json").write_text("{")
    assert recurra("predict", tmp_path / "run", new).out == wanted


def test_a_test_file_is_read_by_the_columns_of_the_first(tmp_path: Path) -> None:
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    train.write_text("review,label\n" + rows())
    test.write_text(f"text,review,label\nsee review,{GOOD} 1,good\nsee review,{BAD} 2,bad\n")
    done = recurra("fit", "text", train, "--test", test, *SMALL, "--out", tmp_path / "run")
    # The leak shows that the reviews were compared, not what stands in the column named text.
    assert done.code == 0 and "leak: 2 of 2 test texts" in done.err


def test_the_spam_file_as_it_is_published_is_learnt_from(tmp_path: Path) -> None:
    file = tmp_path / "spam.csv"
    lines = [f'{"spam" if row % 2 else "ham"},"call now, £{row} free",,,\r\n' for row in range(20)]
    file.write_bytes(("v1,v2,,,\r\n" + "".join(lines)).encode("latin-1"))
    names = ("--text", "v2", "--label", "v1")
    refused(recurra("fit", "text", file, *names, *SMALL), 3, "--encoding cp1252")
    done = recurra("fit", "text", file, *names, "--encoding", "latin-1", *SMALL, "--out", tmp_path / "run")
    assert done.code == 0 and "warning" not in done.err
    source = json.loads((tmp_path / "run" / "source.json").read_text())
    assert source["reading"]["encoding"] == "latin-1" and source["columns"]["text"] == "v2"


def test_the_first_object_without_a_label_is_one_row_left_out(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    objects = [{"text": GOOD, "id": 3}] + [{"text": f"{GOOD} {row}", "label": str(row % 2)} for row in range(20)]
    file.write_text("".join(json.dumps(each) + "\n" for each in objects))
    names = ("--text", "text", "--label", "label")
    refused(recurra("fit", "text", file, *names, *SMALL), 3, f"{file}:1: no column 'label' in this row")
    done = recurra("fit", "text", file, *names, *SMALL, "--on-error", "reject", "--out", tmp_path / "run")
    rejected = json.loads((tmp_path / "run" / "rejects.json").read_text())
    assert done.code == 0 and [each["line"] for each in rejected] == [1]
    checked = recurra("data", "check", file)
    assert checked.code == 3 and f"error: {file}:1: no column 'label' in this row" in checked.out


def test_forecasts_read_what_spreadsheets_write(models: dict[str, Path], tmp_path: Path) -> None:
    plain, sheet = tmp_path / "plain.csv", tmp_path / "sheet.csv"
    steps = [f"a;{step};{step}" for step in range(1, 10)]
    plain.write_text("unique_id,ds,y\n" + "".join(step.replace(";", ",") + "\n" for step in steps))
    sheet.write_bytes("\r\n".join(["sep=;", "unique_id;ds;y", *steps, ";;", ";;", ""]).encode("utf-16"))
    wanted = recurra("forecast", models["series"], plain)
    done = recurra("forecast", models["series"], sheet, "--encoding", "utf-16")
    assert done.code == 0 and done.out == wanted.out
    bare = tmp_path / "bare.csv"
    bare.write_text("".join(step + "\n" for step in steps))
    names = ("--no-header", "--id", "1", "--time", "2", "--value", "3")
    headed = recurra("forecast", models["series"], bare, *names)
    assert headed.out.splitlines()[1:] == wanted.out.splitlines()[1:]
    refused(recurra("forecast", models["series"], bare), 3, "columns '1', '2', '3'", "--header")
