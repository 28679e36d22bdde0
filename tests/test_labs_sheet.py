"""What all lab pages share: the sheet's head, the program, words explained, works cited, pages from saved records."""

from __future__ import annotations

import io
import json
import re
import runpy
import shlex
import shutil
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from command_line import process, recurra, refused
from recurra.cli.labs import LabChoices, going_on
from recurra.cli.progress import Course
from recurra.labs import catalogue, next_value_recipe
from recurra.labs.catalogue import FORMAT, lab_named, measure_and_save, read_lab_record, rendered
from recurra.labs.lab import LabOptions
from recurra.labs.next_value import LAB
from recurra.labs.next_value_nets import expected_after
from recurra.labs.next_value_recipe import LITERAL
from recurra.labs.page import SheetHead, cited, duration, known_works, page, save_program
from recurra.report.blocks import Code, Paragraph, Table
from recurra.report.page import TERMS, Report, Section, explained, save, to_html
from recurra.training.progress import Watch

SOURCE = Path(catalogue.__file__).parents[1]


@contextmanager
def silent(title: str):
    yield Watch()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """The quick next-value lab of one seed, saved as the command saves it."""
    folder = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(next_value_recipe, "BATCHES", (1000,))
        patch.setattr(next_value_recipe, "RATES", (0.01,))
        options = LabOptions(quick=True, seeds=1, out=folder, watch=silent, say=lambda line: None)
        record = measure_and_save(LAB, options)
    save(page(LAB, record, SheetHead()), folder / "report.html")
    return record, folder


def test_the_head_tells_title_algorithm_platform_the_fields_given_and_when_it_was_run(
    lab: tuple[dict[str, Any], Path],
) -> None:
    record, _ = lab
    head = SheetHead(
        name="A. Student", roll="7", standard="TE", section="B", subject="Deep learning", course="CS", date=""
    )
    told = dict(page(LAB, record, head).heading)
    assert told["Title"] == "Build a recurrent neural network"
    assert "LSTM" in told["ALG"] and "Python" in told["PLT"] and "platform" in told["PLT"]
    assert [told[name] for name in ("Name", "Roll number", "Standard", "Section", "Subject", "Course")] == [
        "A. Student", "7", "TE", "B", "Deep learning", "CS",
    ]  # fmt: skip
    assert "Date" not in told and re.fullmatch(r"\d{4}-\d\d-\d\d", told["Run on"])
    assert told["It took"].endswith((" s", " min"))


def test_a_duration_is_told_in_the_unit_that_suits_it() -> None:
    assert [duration(seconds) for seconds in (9.6, 100, 240, 9000)] == ["10 s", "100 s", "4.0 min", "2.5 h"]


def test_a_second_run_counts_the_seconds_of_the_parts_it_takes_over(
    lab: tuple[dict[str, Any], Path], tmp_path: Path
) -> None:
    record, first = lab
    # The second run writes its own seconds into the record, and the lab's page tells those of the first.
    folder = shutil.copytree(first, tmp_path / "again")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(next_value_recipe, "BATCHES", (1000,))
        patch.setattr(next_value_recipe, "RATES", (0.01,))
        taken: list[int] = []
        options = LabOptions(
            True, 1, folder, silent, lambda line: None, passed=lambda count, seconds: taken.append(count)
        )
        again = measure_and_save(LAB, options)
    assert again["next_values"] == record["next_values"] and sum(taken) == 6 + 1 + 1 + 1 + 1
    assert again["run"]["seconds"] > 0.5 * record["run"]["seconds"]


def test_the_program_runs_as_it_stands_and_gives_the_labs_own_figures(
    lab: tuple[dict[str, Any], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, folder = lab
    script, notebook = folder / "program.py", folder / "program.ipynb"
    told = json.loads(notebook.read_text("utf-8"))
    assert (told["nbformat"], told["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in told["cells"]}) == len(told["cells"]) == 2 * 7
    assert all({"cell_type", "id", "metadata", "source"} <= set(cell) for cell in told["cells"])
    code = [cell for cell in told["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert all(cell["source"] in script.read_text("utf-8") for cell in code)
    monkeypatch.chdir(tmp_path)
    names = runpy.run_path(str(script))
    assert names["settings"] == LITERAL
    assert expected_after(names["model"], (5.0, 6.0, 7.0)) == record["literal_next_values"][0]
    assert (tmp_path / "actual-against-predicted.svg").read_text("utf-8").startswith("<svg")


def test_what_the_page_says_to_try_works_in_the_labs_folder(lab: tuple[dict[str, Any], Path]) -> None:
    _, folder = lab
    blocks = [block for section in page(LAB, lab[0], SheetHead()).sections for block in section.blocks]
    (shown,) = [block for block in blocks if isinstance(block, Code) and block.caption.startswith("Try it")]
    assert len(shown.text.splitlines()) == 2
    for command in shown.text.splitlines():
        done = process(*shlex.split(command)[1:], cwd=folder)
        assert done.code == 0 and done.out.count("\n") >= 2, done


def test_a_page_is_made_from_a_labs_folder_and_from_its_figures(
    lab: tuple[dict[str, Any], Path], tmp_path: Path
) -> None:
    record, folder = lab
    before = (folder / "report.html").read_text("utf-8")
    (folder / "report.html").unlink()
    done = recurra("lab", "render", folder)
    assert done.code == 0 and (folder / "report.html").read_text("utf-8") == before
    figures = tmp_path / "figures.json"
    figures.write_text(json.dumps(record), "utf-8")
    done = recurra("lab", "render", figures, "--name", "A. Student", "--course", "CS")
    page = (tmp_path / "figures.html").read_text("utf-8")
    assert done.code == 0 and "A. Student" in page and json.loads(figures.read_text("utf-8")) == record
    assert page.count("<figure") == before.count("<figure")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"task": "lab", "lab": "next-value", "quick": false}', "format 1"),
        ('{"task": "lab", "lab": "next-value", "quick": false, "format": FORMAT}', "lacks"),
        ('{"task": "lab", "lab": "unknown"}', "no record of a lab"),
        ('{"task": "text"}', "no record of a lab"),
        ("[1]", "no record of a lab"),
        ("{", "no JSON"),
        ("", "no JSON"),
    ],
)
def test_a_record_that_is_too_old_or_none_gives_one_clear_line(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "old.json"
    file.write_text(text.replace("FORMAT", str(FORMAT)), "utf-8")
    refused(recurra("lab", "render", file), 3, str(file), words)
    assert not (tmp_path / "old.html").exists()


def test_rendering_what_is_not_there_or_to_no_page_is_refused(lab: tuple[dict[str, Any], Path], tmp_path: Path) -> None:
    refused(recurra("lab", "render", tmp_path / "none.json"), 3, "there is no record")
    refused(recurra("lab", "render", tmp_path), 3, "there is no record")
    refused(recurra("lab", "render", lab[1], "--out", tmp_path / "page.json"), 2, "--out")
    assert read_lab_record(lab[1])["lab"] == "next-value" and rendered(lab[1], SheetHead()).title


@pytest.mark.parametrize(("name", "missing"), [("language", "wikitext-2"), ("sentiment", "imdb and no glove")])
def test_all_missing_data_are_told_in_one_line_before_a_folder_is_made(
    name: str, missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECURRA_DATA", str(tmp_path))
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path / "cache"))
    refused(recurra("lab", name, "--out", tmp_path / "lab"), 3, f"no {missing}", "recurra data get")
    assert not (tmp_path / "lab").exists()


def test_an_interrupted_lab_tells_the_command_that_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(lab: Any, options: LabOptions) -> dict[str, Any]:
        raise KeyboardInterrupt

    monkeypatch.setattr(catalogue, "measure_and_save", interrupted)
    done = recurra("lab", "next-value", "--quick", "--seeds", 2, "--name", "A. Student", "--out", tmp_path / "my lab")
    assert done.code == 130 and not done.out
    (line,) = [line for line in done.err.splitlines() if line.startswith("go on with: ")]
    words = shlex.split(line.removeprefix("go on with: "))
    assert words[:3] == ["recurra", "lab", "next-value"] and str(tmp_path / "my lab") in words
    assert words[words.index("--name") + 1] == "A. Student" and "--quick" in words
    choices = LabChoices(False, 5, "", {"name": ""}, 2, True, True)
    assert (
        going_on("language", choices, Path("x")) == "recurra lab language --seeds 5 --out x --quiet --json --threads 2"
    )


def test_the_course_tells_trainings_time_left_and_the_recorded_value_beside() -> None:
    course = Course(lambda title: {"loss": "0.09"} if title.startswith("RNN") else {}, quiet=True)
    course.expect(9)
    course.passed(2, 60.0)
    with course.watch("RNN, seed 1") as watch:
        assert watch.on_epoch and watch.on_step
        watch.on_step(4, 50, 100, 0.31)
        assert "epoch 4, loss 0.31 (recorded 0.09), batch 50 of 100" in course.line()
        watch.on_epoch({"epoch": 4, "loss": 0.25, "accuracy": 0.912, "seconds": 3.0})
        line = course.line()
    assert line == (
        "2 of 9 trainings, about 4 min left: RNN, seed 1: epoch 4, loss 0.25 (recorded 0.09), accuracy 91.2 %"
    )
    assert course.line().startswith("3 of 9 trainings")
    with course.watch("GRU, seed 1") as watch:
        assert watch.on_epoch
        watch.on_epoch({"epoch": 1, "loss": 0.3})
        assert course.line().endswith("GRU, seed 1: epoch 1, loss 0.3")


def test_on_a_terminal_one_bar_stands_over_how_far_it_is_and_the_training_at_hand() -> None:
    course = Course(lambda title: {"loss": "0.09"}, quiet=True)
    course.expect(4)
    console = Console(width=80, record=True, file=io.StringIO())
    with course.watch("RNN, seed 1"), course.watch("RNN, seed 1") as watch:
        assert watch.on_epoch
        watch.on_epoch({"epoch": 2, "loss": 0.1})
        console.print(course.bar())
    bar, count, now = console.export_text().splitlines()
    assert set(bar.strip()) <= set("━╸╺") and count.strip() == "0 of 4 trainings"
    assert now.strip() == "RNN, seed 1: epoch 2, loss 0.1 (recorded 0.09)"


def test_the_recorded_value_stands_beside_the_trainings_that_it_belongs_to_only() -> None:
    recorded = lab_named("next-value").beside
    assert recorded("schedule, keras, floor 0, seed 3")["loss"] == "5.5"
    assert "loss" not in recorded("constant, keras, seed 3") and not recorded("search, batch 8, rate 0.01")
    assert recorded("constant, keras, seed 3")["next_value"] == "8.01"
    assert lab_named("language").beside("RNN with σ, seed 0") and not lab_named("language").beside("LSTM, seed 0")


def test_less_known_words_of_a_table_are_explained_below_it_and_no_others() -> None:
    table = Table(("model", "MASE", "loss, nats"), (("seasonal naive", 1.2, 0.3),), "Means over seeds.")
    html = to_html(Report("t", "", (Section("s", (table, Table(("a",), (("b",),)))),)))
    assert html.count('class="glossary"') == 1
    assert all(f"<b>{term}</b>: {TERMS[term]}" in unescape(html) for term in ("MASE", "nats", "seed"))
    assert [term for term, _ in explained(["the naive forecast", "unseeded", "masesome"])] == ["naive"]
    assert [term for term, _ in explained(["seasonal naive"])] == ["seasonal naive"]
    assert [term for term, _ in explained(["averaging of the weights", "n-grams"])] == ["averaged", "n-gram"]


def test_works_that_are_cited_are_listed_and_what_a_sample_says_is_not() -> None:
    text = "GloVe knows Wikipedia 2014. The LSTM (Hochreiter & Schmidhuber 1997; Gers et al. 2000)."
    sample = Code("In 2011, Officer 1991 read Maas et al. 2011.")
    assert [work.split(". ")[0] for work in cited([Section("s", (Paragraph(text), sample))])] == [
        "Gers et al", "Hochreiter & Schmidhuber 1997",
    ]  # fmt: skip


def test_every_work_that_a_lab_cites_is_known() -> None:
    pattern = re.compile(r"[A-Z]\w+ (?:et al\.|& [A-Z]\w+) (?:19|20)\d\d")
    sheets = [path for path in (SOURCE / "labs" / "sheets").glob("*.txt") if path.stem != "works"]
    sources = [*(SOURCE / "labs").glob("*.py"), *sheets, SOURCE / "report" / "templates" / "terms.txt"]
    names = {name for path in sources for name in pattern.findall(path.read_text("utf-8"))}
    assert names and names <= set(known_works())


@pytest.mark.parametrize("name", ["sentiment", "language", "next-value"])
def test_each_program_uses_no_private_name_and_begins_with_its_imports(name: str, tmp_path: Path) -> None:
    script, _ = save_program(name, tmp_path)
    text = script.read_text("utf-8")
    assert "# %% Import the libraries." in text and not re.search(r"\b_[a-z]\w*", text)
    assert "recurra.labs" not in text
