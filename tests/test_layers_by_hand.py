"""One step of each cell against numbers made by hand, and against Keras' own."""

import numpy as np
import pytest

from recurra.batches import Ragged
from recurra.layers.recurrent.run import RecurrentSpec, recurrent


def test_one_lstm_step_equals_the_one_worked_out_by_hand():
    spec = RecurrentSpec(cell="lstm", inputs=1, hidden=1)
    weights = {
        "weight_ih_l0": np.array([[1.0], [2.0], [3.0], [4.0]]),
        "weight_hh_l0": np.zeros((4, 1)),
        "bias_ih_l0": np.array([0.0, 1.0, 0.0, 0.0]),
        "bias_hh_l0": np.zeros(4),
    }
    outputs, ((hidden, cell),) = recurrent(spec, weights, Ragged(np.array([[0.5]]), np.array([0, 1])))

    def sigma(value):
        return 1 / (1 + np.exp(-value))

    wanted = sigma(0.5) * np.tanh(1.5)
    assert cell[0, 0] == pytest.approx(wanted)
    assert outputs.values[0, 0] == hidden[0, 0] == pytest.approx(sigma(2.0) * np.tanh(wanted))


def test_one_simple_rnn_step_equals_the_one_worked_out_by_hand():
    spec = RecurrentSpec(cell="rnn", activation="sigmoid", inputs=1, hidden=1)
    weights = {
        "weight_ih_l0": np.array([[2.0]]),
        "weight_hh_l0": np.array([[-1.0]]),
        "bias_ih_l0": np.array([0.5]),
        "bias_hh_l0": np.array([0.25]),
    }
    outputs, _ = recurrent(spec, weights, Ragged(np.array([[1.0], [0.0]]), np.array([0, 2])))
    first = 1 / (1 + np.exp(-2.75))
    assert outputs.values[:, 0] == pytest.approx([first, 1 / (1 + np.exp(-(0.75 - first)))])


def one_gru_step(*, new_bias, **form):
    """Step from 0.2 on the input 1; also its reset and update gates by hand, alike in both forms."""
    spec = RecurrentSpec(cell="gru", inputs=1, hidden=1, **form)
    weights = {
        "weight_ih_l0": np.array([[1.0], [2.0], [3.0]]),
        "weight_hh_l0": np.array([[0.5], [0.6], [0.7]]),
        "bias_ih_l0": np.array([0.0, 0.0, new_bias]),
        "bias_hh_l0": np.array([0.0, 0.0, 0.1]),
    }
    start = [(np.array([[0.2]]),)]
    outputs, _ = recurrent(spec, weights, Ragged(np.array([[1.0]]), np.array([0, 1])), start)
    reset, update = (1 / (1 + np.exp(-value)) for value in (1 + 0.1, 2 + 0.12))
    return outputs.values[0, 0], reset, update


def test_one_gru_step_equals_the_one_worked_out_by_hand():
    found, reset, update = one_gru_step(new_bias=0.0)
    new = np.tanh(3 + reset * (0.14 + 0.1))
    assert found == pytest.approx((1 - update) * new + update * 0.2)


def test_one_step_by_hand_of_a_gru_that_resets_before_its_product():
    found, reset, update = one_gru_step(new_bias=0.3, reset_after=False)
    new = np.tanh(3 + 0.3 + 0.7 * (reset * 0.2) + 0.1)
    assert found == pytest.approx((1 - update) * new + update * 0.2)


def from_keras(kernel):
    """Turn Keras' (inputs, z | r | n) or (z | r | n,) into torch's (r | z | n, inputs)."""
    update, reset, new = np.split(np.asarray(kernel, np.float32), 3, axis=-1)
    return np.ascontiguousarray(np.concatenate([reset, update, new], axis=-1).T)


def test_a_gru_that_resets_before_its_product_answers_as_keras_does():
    spec = RecurrentSpec(cell="gru", reset_after=False, inputs=2, hidden=2)
    weights = {
        "weight_ih_l0": from_keras([[0.1, -0.2, 0.3, -0.4, 0.5, -0.6], [-0.7, 0.6, -0.5, 0.4, -0.3, 0.2]]),
        "weight_hh_l0": from_keras([[0.8, -0.7, 0.6, -0.5, 0.4, -0.3], [-0.2, 0.1, -0.9, 0.8, -0.7, 0.6]]),
        "bias_ih_l0": from_keras([0.1, 0.2, -0.3, 0.4, 0.5, -0.6]),
        "bias_hh_l0": np.zeros(6, np.float32),
    }
    values = np.array([[1.0, -2.0], [0.5, 0.25], [-1.5, 1.0]], np.float32)
    # keras.layers.GRU(2, reset_after=False, return_sequences=True) of Keras 3.15.1 with these weights.
    wanted = [[0.15482338, -0.7083251], [0.40588883, -0.7446474], [0.09284374, -0.45295373]]
    for route in (None, "numpy"):
        outputs, _ = recurrent(spec, weights, Ragged(values, np.array([0, 3])), route=route)
        np.testing.assert_allclose(outputs.values, wanted, rtol=0, atol=1e-6)


def test_only_a_gru_may_reset_before_its_product():
    with pytest.raises(ValueError, match="reset_after of lstm: true; only of a gru it may be false"):
        RecurrentSpec(cell="lstm", reset_after=False, inputs=1, hidden=1)
    assert RecurrentSpec.model_validate_json('{"cell": "gru", "inputs": 1, "hidden": 1}').reset_after
