"""Every head as an ONNX file: numbers, several labels, classes in order, tags, vectors and forecasts.

Not here: cells, states, refusals and the command (test_onnx.py).
"""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from command_line import recurra
from recurra.config import NetConfig, SeriesConfig
from recurra.errors import ArtefactError
from recurra.exports import proof
from recurra.exports.onnx import onnx_bytes
from recurra.layers.activation.run import ActivationSpec
from recurra.layers.convolution.run import ConvolutionSpec
from recurra.layers.grams.run import GramsSpec
from recurra.layers.matrix.run import DenseSpec
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.layers.segments.run import SegmentsSpec
from recurra.layers.wide.run import WideSpec
from recurra.nets.emit import EMIT
from recurra.nets.layouts import classifier_net, encoder_net, forecast_net, tagger_net, target_net
from recurra.nets.panels import PanelNet
from recurra.nets.run import RUN, ClassifierNet, Plan
from recurra.nets.sequences import SequenceNet
from recurra.panels.columns import BesideUnits, ColumnUnits
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.multilabel.run import RunningLabeller
from recurra.tasks.heads.ordinal.run import RunningOrdinal
from recurra.tasks.heads.panel.encoder import PanelEncoder
from recurra.tasks.heads.panel.run import RunningPanel
from recurra.tasks.heads.regression.run import RunningRegressor
from recurra.tasks.heads.sequence.run import ImportedNet, ImportOrigin
from recurra.tasks.heads.tags.run import RunningTagger
from recurra.tasks.heads.vectors.run import RunningEncoder
from recurra.tasks.names import HELD
from small_models import drawn, series_model, text_model
from test_onnx import few

NET = NetConfig(cell="gru", hidden=6, embedding_size=4, bidirectional=True, pool=("mean", "max", "attention"), heads=2)
ENCODER = text_model().encoder
WORDS = len(ENCODER.vocabulary)
GRAMS = GramsSpec(entries=37, outputs=3)
ALIKE = GramsSpec(entries=1, outputs=3, counted="present", normed=False, unit="character")

__all__ = ["few"]  # the fixture, which every test here uses


def sound(plan: Plan) -> dict[str, Any]:
    """Drawn weights whose n-grams have places in order, and squares above 0."""
    tensors = drawn(plan)
    for name, values in tensors.items():
        if name.endswith(".place"):
            places = np.random.default_rng(2).choice(2**24, len(values), replace=False)
            tensors[name] = np.sort(places).astype(np.float32)
        if name.endswith(".square"):
            tensors[name] = np.abs(values) + np.float32(0.1)
    return tensors


def regressor() -> RunningRegressor:
    plan = target_net(NET, words=WORDS, targets=2, task="regression")
    return RunningRegressor(plan, drawn(plan), ENCODER, ("low", "high"), (), (3.0, -1e4), (0.5, 2e3))


def labeller(*, beside: bool = False) -> RunningLabeller:
    plan = target_net(NET, words=WORDS, targets=3, task="multilabel")
    plan = plan.model_copy(update={"grams": (GRAMS, ALIKE)}) if beside else plan
    return RunningLabeller(plan, sound(plan), ENCODER, ("a", "b", "c"), (), (0.5, 0.4, 0.3))


def ordinal(classes: int) -> RunningOrdinal:
    plan = target_net(NET, words=WORDS, targets=classes - 1, task="ordinal")
    return RunningOrdinal(plan, drawn(plan), ENCODER, tuple(map(str, range(classes))))


def tagger() -> RunningTagger:
    plan = tagger_net(NET, words=WORDS, tags=3)
    return RunningTagger(plan, drawn(plan), ENCODER, ("O", "B-X", "I-X"), "BIO", ("1", "2"))


def encoder() -> RunningEncoder:
    plan = encoder_net(NET, words=WORDS, size=5)
    return RunningEncoder(plan, drawn(plan), ENCODER)


def told(data: bytes) -> dict[str, str]:
    return {each.key: each.value for each in onnx.load_from_string(data).metadata_props}


def imported() -> ImportedNet:
    rnn: dict[str, Any] = {"hidden": 4, "layers": 2}
    plan = SequenceNet(chain=(
        ConvolutionSpec(length=6, channels=2, filters=4, kernel=3, stride=2, left=1, right=2, reflect=True),
        ActivationSpec(function="magnitude", inputs=16, places=4),
        RecurrentSpec(cell="gru", inputs=8, **rnn), ActivationSpec(function="relu", inputs=4),
        RecurrentSpec(cell="sru", inputs=4, **rnn), DenseSpec(inputs=4, outputs=3),
        ActivationSpec(function="softmax", inputs=3),
    ))  # fmt: skip
    origin = ImportOrigin(file="a", sha256="", form="torch", took=("a",), against="torch", difference=0.0, cases=1)
    return ImportedNet(plan, drawn(plan), origin)


COLUMN = ColumnUnits(name="x", mean=0.0, spread=1.0, finer=1.5)


def panel(season: int = 7, *, members: int = 2, **more: Any) -> RunningPanel:
    sizes: dict[str, Any] = {"segment": max(season // 3, 2), "segments": 6, "season": season, "horizon": 9, **more}
    plan = PanelNet(member=(SegmentsSpec(recurrent=RecurrentSpec(cell="gru", inputs=5, hidden=4), **sizes),) * members)
    past, future = (tuple(COLUMN for _ in range(sizes.get(name, 0))) for name in ("past", "future"))
    config, beside = SeriesConfig(season=season, horizon=9), BesideUnits(past=past, future=future)
    return RunningPanel(
        plan, drawn(plan), PanelEncoder(config, {"net": 0.6, "theta": 0.4}, (0.5, 1.0, 2.0), beside=beside)
    )


MODELS: dict[str, Any] = {
    "numbers": regressor, "labels": labeller, "labels beside n-grams": lambda: labeller(beside=True),
    "two classes in order": lambda: ordinal(2), "five": lambda: ordinal(5), "tags": tagger, "vectors": encoder,
    "forecasts": series_model, "an imported net": imported,
    "a panel": panel, "of logarithms": lambda: panel(12, log=True), "without a season": lambda: panel(1, members=1),
    "with a calendar": lambda: panel(calendar=7), "with what was measured": lambda: panel(past=2, members=1),
    "with all that is known": lambda: panel(12, past=1, future=2, calendar=3, static=2),
    "known ahead without a season": lambda: panel(1, future=2, static=1),
    "told by its place": lambda: panel(among=(8.0, 3.0)),
    "with a longer season": lambda: panel(longer=35), "shorter than the horizon": lambda: panel(2, longer=6, log=True),
    "and by columns": lambda: panel(among=(8.0, 3.0), past=1),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_every_head_answers_as_in_recurra(name: str) -> None:
    model = MODELS[name]()
    found = proof.proven(model, onnx_bytes(model))
    assert found.largest < 5e-6 and found.agreeing == 1


def test_every_layer_of_a_flow_and_every_head_has_a_graph() -> None:
    assert set(EMIT) == set(RUN)
    for held in HELD.values():
        assert import_module(f"recurra.tasks.heads.{held.head}.emit").EMISSION


def test_a_forecaster_of_two_directions_answers_by_its_last_step() -> None:
    model = series_model()
    plan = forecast_net(NET, horizon=2)
    both = type(model)(plan, drawn(plan), model.encoder)
    assert proof.proven(both, onnx_bytes(both)).largest < 5e-6


def test_a_head_tells_what_answers_are_read_by() -> None:
    labels = told(onnx_bytes(labeller()))
    assert json.loads(labels["labels"]) == ["a", "b", "c"] and json.loads(labels["thresholds"]) == [0.5, 0.4, 0.3]
    scaler = json.loads(told(onnx_bytes(series_model()))["scaler"])
    assert scaler["config"]["window"] == 3 and scaler["scalers"]["a"]["scale"] > 0
    assert json.loads(told(onnx_bytes(tagger()))["tags"])[1] == "B-X"


def test_a_panel_tells_what_counts_beside_its_nets_and_without_nets_it_is_refused() -> None:
    assert json.loads(told(onnx_bytes(panel()))["shares"]) == {"net": 0.6, "theta": 0.4}
    with pytest.raises(ArtefactError, match="classical forecasts and the net of the box"):
        onnx_bytes(panel(members=0))


def linear() -> RunningClassifier:
    plan = ClassifierNet(grams=(GRAMS, ALIKE))
    return RunningClassifier(plan, sound(plan), ENCODER, ("a", "b", "c"))


def wide() -> RunningClassifier:
    plan = classifier_net(NET, words=WORDS, labels=2, wide=WideSpec(entries=300))
    return RunningClassifier(plan, sound(plan), ENCODER, ("a", "b"))


@pytest.mark.parametrize("made", [linear, wide, lambda: labeller(beside=True)])
def test_n_grams_are_scored_in_the_graph_beside_a_net_and_alone(made: Any) -> None:
    model = made()
    data = onnx_bytes(model)
    assert proof.proven(model, data).largest < 5e-6
    assert proof.proven(model, onnx_bytes(model, int8=True), int8=True).largest < 5e-6
    assert json.loads(told(data)["n_grams"])


def test_an_export_says_that_n_grams_must_be_counted(tmp_path: Path) -> None:
    model = labeller(beside=True)
    model.save(tmp_path / "model")
    done = recurra("export", tmp_path / "model", "--onnx", tmp_path / "file.onnx")
    assert done.code == 0 and "note: grams0, grams1: n-grams" in done.err
