"""Series: what is scaled comes back exactly, windows never leak, and bad values are named."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.config import SeriesConfig
from recurra.errors import ArtefactError, DataError, UsageError
from recurra.series import Scaler, SeriesEncoder, fit_scaler, fit_series_encoder, windows

RANDOM = np.random.default_rng(0)
GROWING = np.exp(np.linspace(0, 2, 40)) * (1 + 0.2 * RANDOM.random(40))


def test_windows_are_every_stretch_and_what_follows_it() -> None:
    made = windows(np.arange(7.0), window=3, horizon=2)
    assert made.inputs.tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 4]]
    assert made.targets.tolist() == [[3, 4], [4, 5], [5, 6]]
    assert windows(np.arange(7.0), window=3, horizon=2, stride=2).inputs[:, 0].tolist() == [0, 2]


def test_windows_take_no_memory_of_their_own() -> None:
    values = np.zeros(1_000_000)
    made = windows(values, window=500, horizon=100)
    assert np.shares_memory(made.inputs, values)
    assert not made.inputs.flags.writeable


@pytest.mark.parametrize("length", [0, 1, 4])
def test_too_few_values_say_what_is_needed(length: int) -> None:
    with pytest.raises(DataError, match=f"need 5, have {length}"):
        windows(np.zeros(length), window=3, horizon=2)
    with pytest.raises(DataError, match=f"series 'a': too few values: need 6, have {length}"):
        fit_series_encoder({"a": np.zeros(length)}, SeriesConfig(window=3, horizon=2, difference=True))


@pytest.mark.parametrize(("window", "horizon", "stride"), [(0, 1, 1), (1, 0, 1), (1, 1, 0), (1, -3, 1)])
def test_sizes_below_one_are_refused(window: int, horizon: int, stride: int) -> None:
    with pytest.raises(UsageError, match="allowed: 1 or more"):
        windows(np.zeros(9), window=window, horizon=horizon, stride=stride)


@pytest.mark.parametrize("scale", ["none", "standard", "minmax"])
@pytest.mark.parametrize("difference", [False, True])
@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("relative", [False, True])
def test_decoding_the_targets_gives_the_values_back(
    scale: Literal["none", "standard", "minmax"], difference: bool, log: bool, relative: bool
) -> None:
    config = SeriesConfig(window=5, horizon=3, scale=scale, difference=difference, log=log, relative=relative)
    encoder = fit_series_encoder({"a": GROWING[:30]}, config)
    examples = encoder.examples("a", GROWING)
    expected = windows(GROWING[int(difference) :], window=5, horizon=3).targets
    assert examples.inputs.dtype == examples.targets.dtype == np.float32
    assert np.allclose(encoder.decode("a", examples.targets, examples), expected, rtol=2e-6, atol=0)


@pytest.mark.parametrize("difference", [False, True])
@pytest.mark.parametrize("relative", [False, True])
def test_the_last_window_is_the_one_a_longer_series_would_have_there(difference: bool, relative: bool) -> None:
    config = SeriesConfig(window=5, horizon=2, difference=difference, log=True, relative=relative)
    encoder = fit_series_encoder({"a": GROWING}, config)
    all_examples, last = encoder.examples("a", GROWING), encoder.last_window("a", GROWING[:-2])
    assert last.targets.shape == (1, 0)
    assert np.array_equal(last.inputs[0], all_examples.inputs[-1])
    assert last.levels[0] == all_examples.levels[-1]
    assert last.lasts[0] == all_examples.lasts[-1]
    decoded = encoder.decode("a", all_examples.targets[-1:], last)
    assert np.allclose(decoded, GROWING[None, -2:], rtol=2e-6, atol=0)
    with pytest.raises(DataError, match=f"need {encoder.reach}, have 3"):
        encoder.last_window("a", GROWING[:3])


def test_nothing_after_the_split_changes_the_training_windows_or_the_scaler() -> None:
    config = SeriesConfig(window=4, horizon=3, difference=True)
    moved = np.concatenate([GROWING[:30], 1e6 * GROWING[30:]])
    before, after = (fit_series_encoder({"a": values[:30]}, config) for values in (GROWING, moved))
    assert before == after
    assert before.to_json() == after.to_json()
    assert np.array_equal(before.examples("a", GROWING[:30]).targets, after.examples("a", moved[:30]).targets)


@pytest.mark.parametrize("difference", [False, True])
@pytest.mark.parametrize("stride", [1, 2])
def test_targets_of_the_two_parts_share_no_value(difference: bool, stride: int) -> None:
    steps, split = np.arange(40.0), 30
    config = SeriesConfig(window=6, horizon=3, scale="none", difference=difference)
    encoder = fit_series_encoder({"a": steps[:split]}, config)
    train = encoder.examples("a", steps[:split])
    held_out = encoder.examples("a", steps, first_target=split, stride=stride)
    assert encoder.decode("a", train.targets, train).max() == split - 1
    decoded = encoder.decode("a", held_out.targets, held_out)
    assert decoded[:, 0].tolist() == list(np.arange(split, 38, stride))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=30), st.sampled_from(["standard", "minmax"]))
def test_scaling_is_finite_and_comes_back_for_any_values(
    values: list[float], kind: Literal["standard", "minmax"]
) -> None:
    series = np.array(values)
    scaler = fit_scaler(series, kind)
    scaled = scaler.apply(series)
    assert np.isfinite(scaled).all()
    assert np.allclose(scaler.undo(scaled), series, rtol=1e-9, atol=1e-9 * np.abs(series).max())


def test_standard_and_minmax_scale_as_their_names_say() -> None:
    standard = fit_scaler(GROWING, "standard").apply(GROWING)
    assert abs(standard.mean()) < 1e-12
    assert abs(standard.std() - 1) < 1e-12
    smallest = fit_scaler(GROWING, "minmax").apply(GROWING)
    assert abs(smallest.min()) < 1e-12
    assert abs(smallest.max() - 1) < 1e-12
    assert fit_scaler(GROWING, "none") == Scaler(0.0, 1.0, constant=False)


@pytest.mark.parametrize("kind", ["standard", "minmax"])
def test_a_series_that_was_constant_does_not_blow_up_when_it_moves(kind: Literal["standard", "minmax"]) -> None:
    for level, scale in ((250.0, 250.0), (0.0, 1.0), (-4.0, 4.0), (0.1, 0.1)):
        scaler = fit_scaler(np.full(30, level), kind)
        assert scaler == Scaler(level, scale, constant=True)
    assert fit_scaler(np.full(30, 250.0), kind).apply(np.array([250.0, 275.0])).tolist() == [0.0, 0.1]
    assert not fit_scaler(GROWING, kind).constant


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, np.nan, np.nan], "found nan at step 2, 2 in all"),
        ([1.0, 2.0, np.inf], "found inf at step 3"),
        ([1e301, 2.0, 3.0], "too large"),
        (["a", "b", "c"], "a value is no number"),
        ([[1.0], [2.0], [3.0]], "not one column"),
        ([1.0, 0.0, 3.0], "no logarithm; found 0.0 at step 2; allowed: above 0"),
    ],
)
def test_values_that_cannot_be_learnt_are_named(values: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        fit_series_encoder({"shop 7": values}, SeriesConfig(window=2, horizon=1, log=True))
    assert "series 'shop 7'" in str(caught.value)


def test_no_series_and_an_unknown_series_are_refused() -> None:
    with pytest.raises(DataError, match="no series"):
        fit_series_encoder({}, SeriesConfig())
    encoder = fit_series_encoder({"a": GROWING}, SeriesConfig())
    with pytest.raises(DataError, match="series not seen in training; found 'b'"):
        encoder.examples("b", GROWING)


def test_each_series_has_its_own_scaler() -> None:
    encoder = fit_series_encoder({"a": GROWING, "b": 1000 * GROWING}, SeriesConfig(window=5))
    assert np.allclose(encoder.examples("a", GROWING).inputs, encoder.examples("b", 1000 * GROWING).inputs, atol=1e-6)
    assert abs(encoder.scaler("b").scale / encoder.scaler("a").scale - 1000) < 1e-9


def test_the_same_encoder_gives_the_same_bytes_and_reads_back_exactly() -> None:
    encoder = fit_series_encoder({"é": GROWING, "b": GROWING / 3}, SeriesConfig(window=5, log=True))
    again = SeriesEncoder.from_json(encoder.to_json())
    assert again == encoder
    assert again.to_json() == encoder.to_json()


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    """The bytes of an encoder whose record was changed."""
    record = json.loads(fit_series_encoder({"a": GROWING}, SeriesConfig()).to_json())
    change(record)
    return json.dumps(record).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b"[" * 100_000,
        b'{"format":1,"config":{},"scalers":{"a":{"center":NaN}}}',
        changed(lambda record: record.update(format=2)),
        changed(lambda record: record.update(scalers=[])),
        changed(lambda record: record["config"].update(horizon=0)),
        changed(lambda record: record["scalers"].update(a=1)),
        changed(lambda record: record["scalers"]["a"].update(scale=0.0)),
        changed(lambda record: record["scalers"]["a"].update(scale=-1.0)),
        changed(lambda record: record["scalers"]["a"].update(center="0")),
        changed(lambda record: record["scalers"]["a"].update(constant=1)),
        changed(lambda record: record["scalers"]["a"].update(more=1)),
    ],
)
def test_a_bad_file_is_refused_with_its_name(data: bytes) -> None:
    with pytest.raises(ArtefactError, match=r"^scaler.json"):
        SeriesEncoder.from_json(data)


@pytest.mark.parametrize("kind", ["standard", "minmax"])
@pytest.mark.parametrize("level", [1e-12, 1e-3, 1.0, 1e7, 1e12])
@pytest.mark.parametrize("share", [5e-9, 1e-11, 1e-13])
def test_a_small_movement_around_any_level_is_scaled_to_one(
    kind: Literal["standard", "minmax"], level: float, share: float
) -> None:
    values = level + level * share * np.sin(np.arange(60) / 3)
    scaler = fit_scaler(values, kind)
    scaled = scaler.apply(values).astype(np.float32)
    assert not scaler.constant and 0.9 < np.ptp(scaled) < 4
    assert np.allclose(
        scaler.undo(scaled.astype(np.float64)), values, rtol=0, atol=1e-3 * level * share + 2e-16 * level
    )


@pytest.mark.parametrize("kind", ["standard", "minmax"])
def test_rounding_noise_is_no_movement_and_the_smallest_numbers_scale(kind: Literal["standard", "minmax"]) -> None:
    assert fit_scaler(np.array([0.3, 0.1 + 0.2] * 10), kind).constant
    assert np.isfinite(fit_scaler(np.array([0.0, 5e-324]), kind).apply(np.array([0.0, 5e-324]))).all()


@pytest.mark.parametrize("log", [False, True])
def test_a_straight_line_has_differences_without_movement_at_any_level(log: bool) -> None:
    for level, slope in ((0.1, 0.1), (1e7, 1e-3), (3e-9, 7e-10)):
        line = level * (1 + 1e-4) ** np.arange(40) if log else level + slope * np.arange(40)
        assert fit_series_encoder({"a": line}, SeriesConfig(difference=True, log=log)).scaler("a").constant


def test_a_movement_that_float32_would_round_away_is_refused_without_scaling() -> None:
    values = 1e7 + 0.05 * np.sin(np.arange(60) / 3)
    with pytest.raises(DataError, match=r"series 'clock' moves by 0\.0997.* around 1e\+07.*scale=standard"):
        fit_series_encoder({"clock": values}, SeriesConfig(scale="none"))
    fit_series_encoder({"clock": values}, SeriesConfig(scale="none", relative=True))
    fit_series_encoder({"clock": values}, SeriesConfig(scale="none", difference=True))
    fit_series_encoder({"clock": np.full(30, 1e7)}, SeriesConfig(scale="none"))
