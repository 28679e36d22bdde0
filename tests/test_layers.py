"""The contract of every cell and layer: plain = torch.nn = NumPy run, alone = in a batch, whole = in chunks."""

import numpy as np
import pytest
import torch
from torch import nn

from recurra.batches import Ragged, join
from recurra.cells import CELLS
from recurra.config import CellKind
from recurra.engine.choose import route_of
from recurra.layers.matrix.learn import Dense, Embedding
from recurra.layers.matrix.run import DenseSpec, EmbeddingSpec, dense, embedding
from recurra.layers.pooling.learn import Pooling
from recurra.layers.pooling.run import PoolingSpec, pooling
from recurra.layers.recurrent.learn import Recurrent
from recurra.layers.recurrent.run import RecurrentSpec, recurrent
from recurra.nets.learn import tensors_of

SHARED = [CellKind(cell, activation) for cell in CELLS for activation in CELLS[cell].activations]
KINDS = [*SHARED, CellKind("gru", reset_after=False)]
TOLERANCE = {torch.float32: 5e-6, torch.float64: 1e-12}
LENGTHS = [5, 1, 9, 9, 2]


def spec_of(kind, *, layers=2, bidirectional=True):
    return RecurrentSpec(**kind._asdict(), inputs=3, hidden=4, layers=layers, bidirectional=bidirectional)


def batch_of(lengths, dtype, *, features=3, seed=0):
    random = np.random.default_rng(seed)
    ragged = join([random.standard_normal((length, features)) for length in lengths])
    return ragged.carry(torch.from_numpy(ragged.values).to(dtype))


def net_of(spec, dtype, *, seed=0):
    torch.manual_seed(seed)
    net = Recurrent(spec).to(dtype).eval()
    for weight in net.parameters():
        nn.init.normal_(weight, std=0.4)
    return net


def close(found, wanted, dtype):
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.shape == wanted.shape
    worst = np.max(np.abs(found - wanted) / np.maximum(1, np.abs(wanted)), initial=0)
    assert worst <= TOLERANCE[dtype], worst


def torch_nn(spec, net, dtype):
    arguments = {"num_layers": spec.layers, "bidirectional": spec.bidirectional, "batch_first": True, "dtype": dtype}
    if spec.cell == "rnn":
        arguments["nonlinearity"] = spec.activation
    reference = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[spec.cell](spec.inputs, spec.hidden, **arguments)
    reference.load_state_dict(net.state_dict())
    return reference


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_plain_equations_fused_kernels_and_the_numpy_run_agree(kind, dtype):
    spec = spec_of(kind)
    net, batch = net_of(spec, dtype), batch_of(LENGTHS, dtype)
    values = batch.carry(batch.values.numpy())
    with torch.no_grad():
        plain, _ = net(batch, route="plain")
        chosen, _ = net(batch)
        fused, _ = net(batch, route=route_of(spec.computed, torch.float64))
    ran, _ = recurrent(spec, tensors_of(net), values)
    numbers, _ = recurrent(spec, tensors_of(net), values, route="numpy")
    for found in (chosen, fused, ran, numbers):
        close(found.values, plain.values, dtype)


@pytest.mark.parametrize("kind", KINDS)
def test_with_products_of_bfloat16_all_paths_agree_and_differ_from_float32(kind):
    spec = spec_of(kind)
    net, batch = net_of(spec, torch.float32), batch_of(LENGTHS, torch.float32)
    exact, _ = recurrent(spec, tensors_of(net), batch.carry(batch.values.numpy()))
    spec = net.spec = spec.model_copy(update={"precision": "bf16"})
    with torch.no_grad():
        plain, _ = net(batch, route="plain")
        chosen, _ = net(batch)
    ran, _ = recurrent(spec, tensors_of(net), batch.carry(batch.values.numpy()))
    numbers, _ = recurrent(spec, tensors_of(net), batch.carry(batch.values.numpy()), route="numpy")
    for found in (plain, chosen, ran):
        np.testing.assert_allclose(found.values, numbers.values, rtol=1e-2, atol=1e-2)
    assert 1e-5 < np.abs(numbers.values - exact.values).max() < 5e-2


TORCHS = [kind for kind in KINDS if route_of(kind, torch.float64) == "torch" and kind.activation != "sigmoid"]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", TORCHS)
def test_each_sequence_gets_what_torch_nn_gives_it_alone(kind, dtype):
    spec = spec_of(kind)
    net, batch = net_of(spec, dtype), batch_of(LENGTHS, dtype)
    reference = torch_nn(spec, net, dtype)
    with torch.no_grad():
        found, _ = net(batch)
        for row, (start, stop) in enumerate(zip(batch.offsets, batch.offsets[1:], strict=False)):
            wanted, _ = reference(batch.values[None, start:stop])
            close(found.values[start:stop], wanted[0], dtype)
            assert row < len(LENGTHS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_sequence_alone_equals_itself_in_any_batch(kind, bidirectional):
    spec = spec_of(kind, bidirectional=bidirectional)
    net, batch = net_of(spec, torch.float32), batch_of(LENGTHS, torch.float32)
    weights = tensors_of(net)
    with torch.no_grad():
        together, _ = net(batch)
    for start, stop in zip(batch.offsets, batch.offsets[1:], strict=False):
        alone = Ragged(batch.values[start:stop], np.array([0, stop - start]))
        with torch.no_grad():
            learnt, _ = net(alone)
        ran, _ = recurrent(spec, weights, alone.carry(alone.values.numpy()))
        close(learnt.values, together.values[start:stop], torch.float32)
        close(ran.values, together.values[start:stop], torch.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_a_forward_sweep_in_chunks_with_carried_state_equals_the_whole(kind):
    spec = spec_of(kind, bidirectional=False)
    net, batch = net_of(spec, torch.float32), batch_of([12, 12, 12], torch.float32)
    weights, values = tensors_of(net), batch.values.view(3, 12, -1)
    with torch.no_grad():
        whole, end = net(batch)
        states = learnt_states = None
        for start, stop in [(0, 5), (5, 6), (6, 12)]:
            offsets = np.arange(4) * (stop - start)
            chunk = Ragged(values[:, start:stop].reshape(-1, 3), offsets)
            learnt, learnt_states = net(chunk, learnt_states)
            ran, states = recurrent(spec, weights, chunk.carry(chunk.values.numpy()), states)
            wanted = whole.values.view(3, 12, -1)[:, start:stop].reshape(-1, spec.outputs)
            close(learnt.values, wanted, torch.float32)
            close(ran.values, wanted, torch.float32)
    for state, final in zip(states, end, strict=True):
        for part, wanted in zip(state, final, strict=True):
            close(part, wanted, torch.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_sequences_of_different_lengths_go_on_from_their_own_states(kind):
    spec = spec_of(kind, bidirectional=False)
    net, batch = net_of(spec, torch.float64), batch_of(LENGTHS, torch.float64)
    weights = tensors_of(net)
    random = np.random.default_rng(1)
    states = [tuple(random.standard_normal((5, 4)) for _ in spec.states) for _ in spec.sweeps]
    learnt_in = [tuple(torch.from_numpy(part) for part in state) for state in states]
    with torch.no_grad():
        learnt, learnt_end = net(batch, learnt_in)
    ran, end = recurrent(spec, weights, batch.carry(batch.values.numpy()), states)
    close(ran.values, learnt.values, torch.float64)
    for state, final in zip(end, learnt_end, strict=True):
        for part, wanted in zip(state, final, strict=True):
            close(part, wanted, torch.float64)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("route", ["plain", None])
def test_gradients_of_every_cell_pass_the_float64_check(kind, route):
    spec = spec_of(kind, layers=1)
    net, batch = net_of(spec, torch.float64), batch_of([3, 1, 4], torch.float64)
    names = list(spec.weights())

    def outputs(values, *weights):
        result, _ = torch.func.functional_call(
            net, dict(zip(names, weights, strict=True)), (batch.carry(values),), {"route": route}
        )
        return result.values

    weights = [net.get_parameter(name).detach().clone().requires_grad_() for name in names]
    assert torch.autograd.gradcheck(outputs, (batch.values.clone().requires_grad_(), *weights))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "parts", [("last",), ("mean",), ("max",), ("attention",), ("max", "attention", "last", "mean")]
)
def test_pooling_learns_and_runs_alike_for_lengths_from_none_to_many(parts, dtype, bidirectional):
    spec = PoolingSpec(parts=parts, inputs=6, heads=3, bidirectional=bidirectional)
    torch.manual_seed(0)
    net, batch = Pooling(spec).to(dtype), batch_of([4, 0, 1, 7, 0], dtype, features=6)
    learnt = net(batch).detach()
    assert learnt.shape == (5, spec.outputs)
    close(pooling(spec, tensors_of(net), batch.carry(batch.values.numpy())), learnt, dtype)
    assert (learnt[1] == 0).all() and (learnt[0] != 0).any()


def test_mean_max_and_last_pool_what_their_names_say():
    spec = PoolingSpec(parts=("last", "mean", "max"), inputs=2, bidirectional=True)
    values = np.array([[1.0, 9.0], [3.0, 5.0], [2.0, 7.0]])
    pooled = pooling(spec, {}, Ragged(values, np.array([0, 3])))
    assert pooled.tolist() == [[2.0, 9.0, 2.0, 7.0, 3.0, 9.0]]


def test_pooling_gradients_pass_the_float64_check():
    spec = PoolingSpec(parts=("attention", "max", "mean", "last"), inputs=4, heads=2)
    net, batch = Pooling(spec).double(), batch_of([3, 0, 2], torch.float64, features=4)
    assert torch.autograd.gradcheck(lambda values: net(batch.carry(values)), batch.values.clone().requires_grad_())


@pytest.mark.parametrize("activation", ["linear", "relu", "tanh"])
def test_dense_and_embedding_learn_and_run_alike(activation):
    spec, table = DenseSpec(inputs=5, outputs=3, activation=activation), EmbeddingSpec(words=7, size=5)
    torch.manual_seed(0)
    net, words = Dense(spec), Embedding(table)
    ids = np.array([0, 6, 3, 3])
    wanted = net(words(Ragged(torch.from_numpy(ids), np.array([0, 4]))).values).detach()
    close(dense(spec, tensors_of(net), embedding(table, tensors_of(words), ids)), wanted, torch.float32)
