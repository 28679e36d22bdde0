"""Tagging: from files to spans, in Python and at the command line, and what is refused or told on the way.

Not here: files by themselves (test_datasets_conll.py), schemes by themselves (test_spans.py).
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from command_line import recurra as run
from command_line import refused
from recurra.errors import DataError, RecurraWarning, UsageError
from recurra.estimators.tags import TextTagger
from recurra.tasks.heads.tags.measure import counted_figures, frequent_tags
from recurra.tasks.inputs.tagged import TaggedRows
from recurra.tasks.tags import TASK

SMALL = {"hidden": 12, "embedding_size": 12, "epochs": 6, "learning_rate": 0.02}
TINY = ["--set", "hidden=12", "--set", "embedding_size=12", "--set", "learning_rate=0.02", "--epochs", "6", "--quiet"]
Sentences = tuple[list[list[str]], list[list[str]]]


def sentences(count: int, seed: int = 0) -> Sentences:
    """Sentences of a grammar: somebody of one or two names, a verb, a town of one or two words, perhaps a day."""
    draw = random.Random(seed)
    tokens, tags = list[list[str]](), list[list[str]]()
    for _ in range(count):
        names = [draw.choice(["Ada", "Alan", "Mary", "Omar"]), *([draw.choice(["Hill", "Lund"])] * draw.randint(0, 1))]
        town = draw.choice([["Paris"], ["Leeds"], ["New", "York"]])
        day = draw.choice([[], ["on", "Monday"]])
        tokens.append([*names, draw.choice(["saw", "left"]), *town, *day, "."])
        spans = [f"{'B' if not place else 'I'}-PER" for place in range(len(names))]
        towns = [f"{'B' if not place else 'I'}-LOC" for place in range(len(town))]
        tags.append([*spans, "O", *towns, *["O"] * len(day), "O"])
    return tokens, tags


def write(path: Path, rows: Sentences) -> Path:
    lines = ["\n".join(f"{token} {tag}" for token, tag in zip(*pair, strict=True)) for pair in zip(*rows, strict=True)]
    path.write_text("\n\n".join(lines) + "\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def fitted() -> TextTagger:
    return TextTagger(config=TASK.settings.changed(SMALL)).fit(*sentences(120))


def test_it_learns_spans_and_answers_in_its_scheme(fitted: TextTagger) -> None:
    told = fitted.evaluate(*sentences(40, seed=1))
    assert told["f1"] > 0.95 and told["scheme"] == fitted.scheme_ == "BIO"
    assert {one["type"] for one in told["by_type"]} == {"PER", "LOC"}
    assert fitted.score(*sentences(40, seed=1)) == told["f1"]
    (spans,) = fitted.spans(["Ada Hill saw New York ."])
    assert [(span["type"], span["text"]) for span in spans] == [("PER", "Ada Hill"), ("LOC", "New York")]


def test_places_are_those_of_the_text_as_it_is_written(fitted: TextTagger) -> None:
    text = "  Ada\u2019s  Hill<br />saw\tPari\u0301s."
    (answer,) = fitted.model_.answers([text])
    assert [text[start:end] for _, start, end in answer.places] == [token for token, _, _ in answer.places]
    assert [token for token, _, _ in answer.places] == ["Ada", "\u2019s", "Hill", "saw", "Pari\u0301s", "."]


def test_answers_after_loading_are_the_same_and_need_no_torch(fitted: TextTagger, tmp_path: Path) -> None:
    rows = sentences(20, seed=2)[0]
    fitted.save(tmp_path / "model")
    loaded = recurra.load(tmp_path / "model")
    assert type(loaded) is TextTagger and loaded.predict(rows) == fitted.predict(rows)
    for one, other in zip(loaded.predict_proba(rows), fitted.predict_proba(rows), strict=True):
        assert np.array_equal(one, other)
    program = f"""
import sys, recurra
recurra.load({str(tmp_path / "model")!r}).predict([["Ada"]])
print(sorted({{"torch", "sklearn", "scipy", "pandas", "pyarrow"}} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=200)
    assert done.stdout.strip() == "[]"


def test_the_answer_to_a_sentence_does_not_depend_on_its_neighbours(fitted: TextTagger) -> None:
    rows = [*sentences(20, seed=3)[0], [], ["Ada"], ["zzz"] * 300]
    together = fitted.predict(rows)
    assert together == [fitted.predict([row])[0] for row in rows]
    assert [len(tags) for tags in together] == [len(row) for row in rows]
    assert fitted.predict([]) == [] and fitted.spans([""]) == [[]]


@pytest.mark.parametrize("kind", [list, tuple, iter, lambda rows: np.array([*rows, None], object)[:-1]])
def test_every_kind_of_list_is_taken(kind: Any, fitted: TextTagger) -> None:
    rows = sentences(5, seed=4)[0]
    assert fitted.predict(kind(rows)) == fitted.predict(rows)
    assert fitted.predict([np.array(row) for row in rows]) == fitted.predict(rows)


REFUSED: list[tuple[Any, Any, type[Exception], str]] = [
    ("Ada", ["O"], UsageError, "sentences must be a list; found a single text"),
    (["Ada"], [["O"]], UsageError, "sentences must be lists of tokens; found a text in row 1"),
    ([["Ada"]], ["O"], UsageError, "tags must be lists of tags; found a text in row 1"),
    ([["Ada"]], [["O"], ["O"]], DataError, "sentences and tags differ in number; found 1 sentences, 2 rows of tags"),
    ([["Ada", "saw"]], [["O"]], DataError, "row 1: tokens and tags differ in number; found 2 tokens, 1 tags"),
    ([["Ada", None]], [["O", "O"]], DataError, "row 1: token 2 is none; found NoneType"),
    ([["Ada", " "]], [["O", "O"]], DataError, "row 1: token 2 is none; found ' '"),
    ([["Ada"]], [[float("nan")]], DataError, "row 1: tag 1 is none; found float"),
    ([["Ada"]] * 3, [["O"]] * 3, DataError, "1 tag, need 2 or more; found 'O'; is this the column of tags?"),
    ([], [], DataError, "too few rows to split"),
    ([[]] * 4, [[]] * 4, DataError, "0 tag"),
]


@pytest.mark.parametrize(("tokens", "tags", "kind", "told"), REFUSED)
def test_what_cannot_be_learnt_from_is_refused(tokens: Any, tags: Any, kind: type[Exception], told: str) -> None:
    with pytest.raises(kind, match=told):
        TextTagger(config=TASK.settings.changed(SMALL)).fit(tokens, tags)


def test_tags_that_training_never_met_are_wrong_and_told(fitted: TextTagger) -> None:
    told = fitted.evaluate([["Ada", "saw", "Leeds", "."]], [["B-PER", "O", "B-ORG", "O"]])
    assert told["recall"] == 0.5 and any("B-ORG" in line for line in told["warnings"])
    with pytest.raises(DataError, match="tags the model does not know; found 'NN'"):
        fitted.evaluate([["Ada"]], [["NN"]])
    with pytest.raises(DataError, match="no tokens to evaluate on"):
        fitted.evaluate([], [])


def test_words_of_another_language_are_told(fitted: TextTagger) -> None:
    with pytest.warns(RecurraWarning, match="the model knows 0 % of the words"):
        fitted.spans(["одна корова идёт домой"])


def test_iob1_is_read_right_and_told() -> None:
    tokens, tags = sentences(60)
    first = [[tag.replace("B-", "I-") for tag in each] for each in tags]
    with pytest.warns(RecurraWarning, match="the tags are IOB1"):
        model = TextTagger(config=TASK.settings.changed(SMALL)).fit(tokens, first)
    assert model.scheme_ == "BIO" and "B-PER" in model.tags_.tolist()
    assert model.score(tokens, first) == model.score(tokens, tags)


def test_a_scheme_with_ends_is_kept() -> None:
    tokens, tags = [["Ada", "saw", "New", "York"]] * 40, [["S-PER", "O", "B-LOC", "E-LOC"]] * 40
    model = TextTagger(config=TASK.settings.changed(SMALL), validation=0).fit(tokens, tags)
    assert model.scheme_ == "IOBES" and model.predict(tokens[:1]) == tags[:1]
    # A file may be written in another scheme than the model answers in.
    assert model.score(tokens, [["B-PER", "O", "B-LOC", "I-LOC"]] * 40) == 1.0


def test_parts_of_speech_stand_for_themselves() -> None:
    tokens, tags = [["it", "rained"], ["Ada", "left"]] * 20, [["PRON", "VERB"], ["PROPN", "VERB"]] * 20
    model = TextTagger(config=TASK.settings.changed(SMALL), validation=0).fit(tokens, tags)
    told = model.evaluate(tokens, tags)
    assert told["scheme"] == "plain" and model.score(tokens, tags) == told["accuracy"] == 1.0


def test_figures_are_those_of_conlleval() -> None:
    wanted, said = [["B-X", "I-X", "O", "B-Y"]], [["B-X", "O", "O", "B-Y"]]
    told = counted_figures(wanted, said, "BIO")
    assert (told["precision"], told["recall"], told["f1"], told["accuracy"]) == (0.5, 0.5, 0.5, 0.75)
    assert [(one["type"], one["f1"]) for one in told["by_type"]] == [("X", 0.0), ("Y", 1.0)]
    # Nothing there and nothing said: no span is no failure that a division by zero could tell.
    assert counted_figures([["O"]], [["O"]], "BIO")["f1"] == 0.0


def test_the_rival_knows_the_most_frequent_tag_of_a_word() -> None:
    rows = TaggedRows([["a", "a", "b", "a"]], [["X", "Y", "Y", "X"]])
    assert frequent_tags(rows, [["a", "b", "new"]]) == [["X", "Y", "Y"]]


def test_a_document_stays_on_one_side_of_the_split() -> None:
    tokens, tags = sentences(60)
    groups = [row // 4 for row in range(60)]
    prepared = TASK.prepare(TextTagger(validation=0.2).asked(), TaggedRows(tokens, tags, groups=groups))
    held = {groups[row] for row in prepared.split["validation"]}
    assert held and held.isdisjoint(groups[row] for row in range(60) if row not in prepared.split["validation"])


def test_a_tagger_of_the_usual_sizes_begins_from_the_encoder_in_the_box() -> None:
    prepared = TASK.prepare(TextTagger().asked(), TaggedRows(*sentences(20)))
    assert "recurrent.forward.weight" in prepared.start or any("recurrent" in name for name in prepared.start)
    assert "begun from the encoder in the box" in prepared.told["chosen"][0]
    other = TASK.prepare(TextTagger(hidden=12).asked(), TaggedRows(*sentences(20)))
    assert not other.start


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tags")
    write(made / "train.conll", sentences(120))
    write(made / "test.conll", sentences(30, seed=1))
    done = run("fit", "tags", made / "train.conll", "--test", made / "test.conll", *TINY, "--out", made / "run")
    assert done.code == 0, done
    return made


def test_the_commands_check_fit_measure_answer_and_show(folder: Path) -> None:
    checked = run("data", "check", folder / "train.conll", "--label", "2")
    assert checked.code == 0 and "checked for task tags" in checked.out
    measured = run("evaluate", folder / "run", folder / "test.conll", "--json", "--fail-under", "f1=0.5").json()
    assert measured["f1"] > 0.9 and measured["rivals"][0]["name"] == "most frequent tag of each word"
    report = json.loads((folder / "run" / "report.json").read_text())["record"]
    assert report["evaluation"]["f1"] == measured["f1"] and report["evaluated_on"] == "test"
    page = (folder / "run" / "report.html").read_text("utf-8")
    assert "Each type of span" in page and "PER" in page
    assert "tags (BIO): " in run("inspect", folder / "run").out
    assert run("inspect", folder / "run", "--json").json()["scheme"] == "BIO"


def test_a_text_a_file_of_texts_and_a_file_of_tokens_are_answered(folder: Path) -> None:
    shown = run("predict", folder / "run", "--text", "Ada saw Leeds.", "--text", "Omar left.")
    assert shown.out.split("\n\n")[0] == "Ada\tB-PER\nsaw\tO\nLeeds\tB-LOC\n.\tO"
    (told,) = run("predict", folder / "run", "--text", "Ada saw Leeds.", "--json").rows()
    assert told["spans"][1] == {"type": "LOC", "start": 8, "end": 13, "text": "Leeds"}
    (folder / "new.txt").write_text("Ada saw Leeds.\nOmar left Paris.\n")
    assert [row["line"] for row in run("predict", folder / "run", folder / "new.txt", "--json").rows()] == [1, 2]
    (folder / "new.conll").write_text("Ada\nsaw\nLeeds\n\nOmar\n")
    answered = run("predict", folder / "run", folder / "new.conll")
    assert answered.out == "Ada\tB-PER\nsaw\tO\nLeeds\tB-LOC\n\nOmar\tB-PER\n\n"
    # What was answered is a file of tags again.
    (folder / "said.conll").write_text(answered.out)
    assert run("evaluate", folder / "run", folder / "said.conll", "--no-rival", "--json").json()["f1"] == 1.0


def test_the_command_line_refuses_in_one_line(folder: Path) -> None:
    (folder / "bad.conll").write_text("Ada B-PER\nsaw\n")
    refused(
        run("fit", "tags", folder / "bad.conll", "--out", folder / "no"), 3, "bad.conll:2: a line of another number"
    )
    checked = run("data", "check", folder / "bad.conll")
    assert checked.code == 3 and "error: " in checked.out
    refused(run("fit", "tags", folder / "train.conll", "--set", "max_length=9"), 2, "text.max_length is not read here")
    refused(run("fit", "tags", folder / "train.conll", "--fail-under", "mae=1"), 2, "METRIC=VALUE")
    refused(run("forecast", folder / "run", "--values", "1,2"), 4, "this is a tagger of tokens", "recurra predict")
    assert not (folder / "no").exists()


def test_parameters_are_kept_by_clone_and_by_an_artefact(fitted: TextTagger, tmp_path: Path) -> None:
    from sklearn.base import clone

    model = TextTagger(cell="gru", hidden=7, random_state=3)
    assert clone(model).get_params() == model.get_params()
    fitted.save(tmp_path / "model")
    again = TextTagger.load(tmp_path / "model").fit(*sentences(120))
    assert again.predict(sentences(9, seed=5)[0]) == fitted.predict(sentences(9, seed=5)[0])
