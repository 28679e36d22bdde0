"""Models of each task in C: what they read, what they answer, what is refused, and how strictly they compile.

Not here: cells, bit by bit (test_c_export.py).
"""

from __future__ import annotations

import ctypes
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command_line import recurra
from recurra.batches import Ragged
from recurra.config import NetConfig, TextConfig
from recurra.errors import ArtefactError
from recurra.exports.c.files import c_name, program_files
from recurra.exports.c.program import Program, program_of
from recurra.layers.activation.run import ActivationSpec
from recurra.layers.matrix.run import DenseSpec, EmbeddingSpec
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.nets.layouts import classifier_net, language_net, tagger_net, target_net
from recurra.nets.run import run
from recurra.nets.sequences import SequenceNet
from recurra.nets.stepping import steps_of, streams_of
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.multilabel.run import RunningLabeller
from recurra.tasks.heads.next_token.run import RunningLanguage, next_logits
from recurra.tasks.heads.ordinal.run import RunningOrdinal
from recurra.tasks.heads.regression.run import RunningRegressor
from recurra.tasks.heads.sequence.run import ImportedNet, ImportOrigin
from recurra.tasks.heads.tags.run import RunningTagger
from recurra.text.encoder import fit_encoder
from recurra.text.features import FEATURES
from small_models import SENTENCES, drawn, text_model
from test_c_export import GCC, STRICT, Compiled, compiled, forecaster, kernels, on_kernels, pytestmark

__all__ = ["kernels", "pytestmark"]

ENCODER = fit_encoder(SENTENCES, TextConfig(min_count=1))
WORDS = len(ENCODER.vocabulary)
NET = NetConfig(cell="gru", hidden=7, embedding_size=6, layers=2, pool=("max", "last", "mean"), embedding_scale=1.7)
LAST = NET.model_copy(update={"pool": ("last",), "cell": "mingru", "layers": 1})
STRANGE = ('"good"\\ %d ??= */', "böse\n7")
Case = tuple[Any, Compiled]


def models() -> dict[str, Any]:
    plan = classifier_net(NET, words=WORDS, labels=21)
    # The answer is what was pooled, so that its bits can be compared.
    pooled = drawn(plan) | {"dense.weight": np.eye(21, dtype=np.float32), "dense.bias": np.zeros(21, np.float32)}
    last, language = classifier_net(LAST, words=WORDS, labels=2), language_net(NET, words=WORDS)
    tags, names = tagger_net(NET, words=WORDS, tags=3), ("one", "two", "three")
    targets = {
        task: target_net(NET, words=WORDS, targets=size, task=task)
        for task, size in (("regression", 3), ("multilabel", 3), ("ordinal", 2))
    }
    weights = {task: drawn(each) for task, each in targets.items()}
    numbers = {"mean": (1.0, -2.0, 300.0), "spread": (2.0, 0.5, 9.0)}
    return {
        "pooled": RunningClassifier(plan, pooled, ENCODER, tuple(map(str, range(21)))),
        "last": RunningClassifier(last, drawn(last), ENCODER, STRANGE, temperature=1.5),
        "language": RunningLanguage(language, drawn(language), ENCODER),
        "tags": RunningTagger(tags, drawn(tags), ENCODER, names),
        "regression": RunningRegressor(targets["regression"], weights["regression"], ENCODER, names, **numbers),
        "multilabel": RunningLabeller(
            targets["multilabel"], weights["multilabel"], ENCODER, names, thresholds=(0.5, 0.9, 1.0)
        ),
        "ordinal": RunningOrdinal(targets["ordinal"], weights["ordinal"], ENCODER, names),
    }


def programs(found: dict[str, Any]) -> list[Program]:
    made = [program_of(model, name, byte=False) for name, model in found.items()]
    return made + [program_of(model, f"{name}_int8", byte=True) for name, model in found.items()]


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    found = models()
    made = compiled(programs(found), tmp_path_factory.mktemp("c"))
    return {name: (found[name.removesuffix("_int8")], one) for name, one in made.items()}


def answers(model: Any, plan: Any, tensors: Any, ids: np.ndarray) -> np.ndarray:
    """What the model answers after these tokens, as its numbers stand in C."""
    found = run(plan, tensors, Ragged(ids, np.array([0, len(ids)], np.int64)))[0]
    if model.task == "language":
        found = next_logits(tensors, found)
    if model.task == "regression":
        found = found * np.array(model.spread) + np.array(model.mean)
    return found[-1]


@on_kernels(models())
def test_each_task_answers_in_c_after_every_token(name: str, cases: dict[str, Case], kernels: str) -> None:
    model, program = cases[name]
    plan = model.plan.in_precision("int8" if name.endswith("_int8") else "float32")
    tensors = {key: value.copy() for key, value in model.tensors.items()}
    shape = (150, FEATURES) if model.task == "tags" else (150,)
    ids = np.random.default_rng(3).integers(0, WORDS, shape).astype(np.int32)
    for _ in range(2):  # a second text after a reset
        program.reset()
        for step, token in enumerate(ids, 1):
            answer = program.step(token)
            if step not in (1, 2, 63, 64, 65, 129, 150):
                continue
            wanted = answers(model, plan, tensors, ids[:step])
            np.testing.assert_allclose(answer, wanted, rtol=1e-5, atol=2e-6)
            if model.plan.flow[-1][1].outputs == 21:
                assert answer.tobytes() == wanted.tobytes(), step


@on_kernels(models())
def test_each_answer_has_the_bits_of_a_session(name: str, cases: dict[str, Case], kernels: str) -> None:
    model, program = cases[name]
    plan = model.plan.in_precision("int8" if name.endswith("_int8") else "float32")
    streams = streams_of(steps_of(plan, {key: value.copy() for key, value in model.tensors.items()}), 1)
    each = FEATURES if model.task == "tags" else 1
    ids = np.random.default_rng(4).integers(0, WORDS, (130, each))
    wanted = np.empty((130, program.program.outputs), np.float32)
    streams.read(ids=ids, answers=wanted, offsets=np.array([0, 130]), every=True, raw=True)
    if model.task == "regression":  # brought back to the units of the targets
        wanted = wanted * np.float32(model.spread) + np.float32(model.mean)
    program.reset()
    found = [program.step(row.astype(np.int32) if each > 1 else row[0]) for row in ids]
    assert np.array(found).tobytes() == wanted.tobytes()


def chains() -> dict[str, ImportedNet]:
    """Nets as they are imported: layers of any kinds, one behind another."""
    found = {
        "between": (
            DenseSpec(inputs=3, outputs=9, activation="relu"),
            RecurrentSpec(cell="lstm", inputs=9, hidden=11, layers=2),
            ActivationSpec(function="tanh", inputs=11),
            DenseSpec(inputs=11, outputs=8),
            RecurrentSpec(cell="gru", reset_after=False, inputs=8, hidden=6),
            DenseSpec(inputs=6, outputs=4),
            ActivationSpec(function="softmax", inputs=4),
        ),
        "alone": (RecurrentSpec(cell="sru", inputs=3, hidden=5),),
        "ids": (
            EmbeddingSpec(words=17, size=4),
            ActivationSpec(function="relu", inputs=4),
            RecurrentSpec(cell="gru", inputs=4, hidden=6),
            ActivationSpec(function="sigmoid", inputs=6),
        ),
    }
    origin = ImportOrigin(
        file="a", sha256="b", form="torch", took=("c",), against="torch", difference=0.0, cases=1, notes=()
    )
    plans = {name: SequenceNet(chain=chain) for name, chain in found.items()}
    return {name: ImportedNet(plan, drawn(plan), origin) for name, plan in plans.items()}


def test_imported_nets_are_written_layer_by_layer(tmp_path: Path) -> None:
    found = chains()
    for name, program in compiled(programs(found), tmp_path).items():
        model, byte = found[name.removesuffix("_int8")], name.endswith("_int8")
        random = np.random.default_rng(1)
        given = random.integers(0, 17, 40) if model.plan.words else random.standard_normal((40, 3)).astype(np.float32)
        answers = np.array([program.step(one) for one in given])
        wanted = model.in_precision("int8" if byte else None).run([given])[0][0]
        np.testing.assert_allclose(answers, wanted, atol=2e-2 if byte else 3e-6, err_msg=name)
        if model.plan.words:  # an imported net has no unknown word: its first token stands for what is none
            program.reset()
            assert program.step(17).tobytes() == (program.reset(), program.step(0))[1].tobytes()


def test_names_and_numbers_are_there_in_c(cases: dict[str, Case]) -> None:
    for name in ("last", "last_int8"):
        library = cases[name][1].library
        names = (ctypes.c_char_p * 2).in_dll(library, f"{name}_names")
        assert [one.decode() for one in names] == list(STRANGE)
        assert ctypes.c_float.in_dll(library, f"{name}_temperature").value == 1.5
    thresholds = (ctypes.c_float * 3).in_dll(cases["multilabel"][1].library, "multilabel_thresholds")
    np.testing.assert_allclose(thresholds[:], [0, np.log(9), 3e38], rtol=1e-6, atol=1e-7)


def test_a_token_that_is_no_word_counts_as_the_unknown_word(cases: dict[str, Case]) -> None:
    program = cases["last"][1]
    found = []
    for token in (1, -5, WORDS, 2**31 - 1):
        program.reset()
        found.append(program.step(token).tobytes())
    assert len({*found}) == 1


def test_a_step_without_an_answer_only_reads(cases: dict[str, Case]) -> None:
    program = cases["pooled"][1]
    program.reset()
    whole = [program.step(token) for token in (5, 6, 7)][-1]
    program.reset()
    step = program.library.pooled_step
    for token in (5, 6):
        step(program.state, token, None)
    assert program.step(7).tobytes() == whole.tobytes()


def test_many_states_are_read_side_by_side(cases: dict[str, Case]) -> None:
    one = cases["language"][1]
    other = Compiled(one.program, one.library)
    one.reset()
    alone = [one.step(token).tobytes() for token in (4, 5, 6)]
    one.reset()
    for token, wanted in zip((4, 5, 6), alone, strict=True):
        other.step(9 - token)
        assert one.step(token).tobytes() == wanted


def test_a_value_that_is_not_finite_gives_an_answer_that_is_not(tmp_path: Path) -> None:
    made = programs({"lstm": forecaster(cell="lstm"), "gru": forecaster(cell="gru")})
    for program in compiled(made, tmp_path, flags=["-std=c99", "-O1"]).values():
        for value in (np.nan, np.inf, -np.inf):
            program.reset()
            answer = program.step(np.array([value], np.float32))
            # An infinite value times weights of both signs saturates gates, where it is not rounded.
            assert np.isnan(answer).all() or (np.isinf(value) and not program.program.name.endswith("int8"))
        program.reset()
        assert np.isfinite(program.step(np.array([3e38], np.float32))).all()


@pytest.mark.parametrize(
    "flags",
    [
        ["-std=gnu11", "-O3", "-march=native"],  # where gcc would join products and sums
        ["-std=c99", "-O0"],
        [*STRICT, "-U__SSE__"],  # as where there are no vectors
        ["-x", "c++", "-std=c++17", "-O2", "-Wall", "-Wextra", "-Werror"],
    ],
)
def test_other_compilations_give_the_same_bits(flags: list[str], cases: dict[str, Case], tmp_path: Path) -> None:
    names = ("pooled", "pooled_int8", "language_int8")
    found = compiled([cases[name][1].program for name in names], tmp_path, flags=flags)
    for name in names:
        for program in (cases[name][1], found[name]):
            program.reset()
        for token in np.random.default_rng(5).integers(0, WORDS, 40):
            assert found[name].step(token).tobytes() == cases[name][1].step(token).tobytes(), name


def test_undefined_behaviour_is_not_met(cases: dict[str, Case], tmp_path: Path) -> None:
    lines, chosen = [], ("pooled_int8", "language", "tags_int8")
    for name in chosen:
        program = cases[name][1].program
        given = "ids" if name.startswith("tags") else "ids[step % 5]"
        lines += [
            f'#include "{name}.h"',
            f"static void read_{name}(void) {{ static {name}_state state; static float answer[{program.outputs}];",
            f"  const int32_t ids[5] = {{1, -1, 2, 9999, 3}}; {name}_reset(&state);",
            f"  for (int step = 0; step < 70; ++step) {name}_step(&state, {given}, answer); }}",
        ]
    calls = " ".join(f"read_{name}();" for name in chosen)
    (tmp_path / "main.c").write_text("\n".join([*lines, f"int main(void) {{ {calls} return 0; }}"]))
    for name in chosen:
        for file, text in program_files(cases[name][1].program, "a net").items():
            (tmp_path / file).write_text(text)
    checks = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    files = [f"{name}.c" for name in chosen]
    subprocess.run([str(GCC), *STRICT, *checks, "main.c", *files, "-o", "main"], cwd=tmp_path, check=True)
    subprocess.run([str(tmp_path / "main")], check=True)


REFUSED = [
    ({"bidirectional": True}, "reads from both ends; train with --set bidirectional=false"),
    ({"pool": ("mean", "attention")}, "attention waits for the last token; train with --set 'pool="),
    (
        {"pool": ("attention",), "bidirectional": True},
        "ends, attention .* with --set bidirectional=false with --set 'po",
    ),
]


@pytest.mark.parametrize(("change", "told"), REFUSED)
def test_what_cannot_read_on_is_refused_with_what_to_train(change: dict[str, Any], told: str) -> None:
    plan = classifier_net(NET.model_copy(update=change), words=WORDS, labels=2)
    with pytest.raises(ArtefactError, match=told):
        program_of(RunningClassifier(plan, drawn(plan), ENCODER, ("a", "b")), "net", byte=False)


@pytest.mark.parametrize(
    ("box", "told"),
    [("sentiment-en", "--recipe net"), ("encoder-en", "a sentence encoder"), ("series", "--recipe net")],
)
def test_artefacts_of_the_box_are_refused_in_one_line(box: str, told: str, tmp_path: Path) -> None:
    done = recurra("export", box, "--c", str(tmp_path / "c"))
    assert done.code == 4 and told in done.err and done.err.count("\n") == 1 and not (tmp_path / "c").exists()


def test_a_language_model_that_reads_backward_is_refused() -> None:
    plan = language_net(NET.model_copy(update={"direction": "backward"}), words=WORDS)
    with pytest.raises(ArtefactError, match="from the end"):
        program_of(RunningLanguage(plan, drawn(plan), ENCODER), "net", byte=False)


def test_no_file_of_somebody_else_is_replaced(tmp_path: Path) -> None:
    forecaster(cell="gru").save(tmp_path / "run" / "artefact")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "mine.h").write_text("int mine;\n")
    given = ("export", str(tmp_path / "run"), "--c", str(tmp_path / "c"))
    done = recurra(*given, "--name", "mine")
    assert done.code == 2 and "was not exported" in done.err
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["mine.h"]
    first = recurra(*given, "--json")
    told = json.loads(first.out)
    assert told["files"] == ["run.h", "run.c"] and 0 < told["ram_state"] < told["ram"] and told["flash"] > 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "c").iterdir()}
    # Its own files are written again: the same bytes.
    assert recurra(*given).code == 0
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "c").iterdir()}


def test_without_a_target_nothing_is_written() -> None:
    done = recurra("export", "sentiment-en")
    assert done.code == 2 and "--c DIR" in done.err


def test_a_name_in_c_is_made_of_any_name() -> None:
    assert [c_name(text) for text in ("Text-Reviews 2", "7", "", "ü", "int", "String", "math")] == [
        "text_reviews_2", "net_7", "net", "net", "int", "net_string", "net_math"
    ]  # fmt: skip


def test_a_label_that_c_would_cut_is_refused() -> None:
    plan = classifier_net(NET, words=WORDS, labels=2)
    with pytest.raises(ArtefactError, match="NUL"):
        program_of(RunningClassifier(plan, drawn(plan), ENCODER, ("a\0b", "a")), "net", byte=False)


def test_a_text_model_of_both_directions_is_refused_at_the_command_line(tmp_path: Path) -> None:
    text_model().save(tmp_path / "text")
    done = recurra("export", str(tmp_path / "text"), "--c", str(tmp_path / "c"))
    assert done.code == 4 and "both ends" in done.err
