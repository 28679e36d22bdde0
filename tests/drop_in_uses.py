"""What people do with torch.nn's recurrent layers and the engine serves, one function each: a layer in, tensors out.

Not here: what torch's forward serves or refuses (drop_in_others.py), and the comparison (test_drop_in.py). The second
argument of every function makes an input for the layer.
"""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, prune
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence
from torch.utils.checkpoint import checkpoint

INPUTS, HIDDEN, STEPS, SEQUENCES = 5, 5, 4, 3
"""As many inputs as units, so that weights can be shared."""
LENGTHS = torch.tensor([2, 4, 1])

Use = Callable[[Any, Callable[..., Any]], Iterable[Any]]


def flat(results: Any) -> list[Tensor]:
    """Outputs and states of whatever form."""
    if isinstance(results, PackedSequence):
        return [*pad_packed_sequence(results)]
    if isinstance(results, Tensor):
        return [results]
    return [one for part in results for one in flat(part)]


def learnt(layer: nn.Module, results: Any, *inputs: Tensor) -> list[Tensor]:
    """Results, and gradients of the weights and inputs of a loss that weighs each number differently."""
    parts = [one for one in flat(results) if one.requires_grad]
    loss = sum((one * torch.linspace(-1, 2, one.numel()).view(one.shape)).sum() for one in parts)
    learn = [*inputs, *(weight for weight in layer.parameters() if weight.requires_grad)]
    return [*flat(results), *torch.autograd.grad(loss, learn, materialize_grads=True)]  # type: ignore[arg-type]


def state_of(layer: Any, sequences: int | None = SEQUENCES, *, parts: int = 0) -> Any:
    """A state of the layer's form; of one sequence alone where none are told."""
    count, random = parts or (2 if layer.mode == "LSTM" else 1), torch.Generator().manual_seed(9)
    sides = layer.num_layers * (2 if layer.bidirectional else 1)
    shape = (sides, layer.hidden_size) if sequences is None else (sides, sequences, layer.hidden_size)
    drawn = [torch.randn(shape, generator=random) for _ in range(count)]
    return tuple(drawn) if layer.mode == "LSTM" or parts else drawn[0]


def changed(state: Any, change: Callable[[Tensor], Any]) -> Any:
    return tuple(change(part) for part in state) if isinstance(state, tuple) else change(state)


def a_call(layer: Any, draw: Callable[..., Any]) -> Any:
    return learnt(layer, layer(draw()))


def a_call_by_name_with_states(layer: Any, draw: Callable[..., Any]) -> Any:
    values = draw().requires_grad_()
    return learnt(layer, layer(input=values, hx=state_of(layer)), values)


def states_that_learn_and_come_batch_first(layer: Any, draw: Callable[..., Any]) -> Any:
    parts = [part.transpose(0, 1).contiguous().requires_grad_() for part in flat([state_of(layer)])]
    turned = [part.transpose(0, 1) for part in parts]
    return learnt(layer, layer(draw(), tuple(turned) if layer.mode == "LSTM" else turned[0]), *parts)


def a_list_of_states(layer: Any, draw: Callable[..., Any]) -> Any:
    state = state_of(layer)
    return learnt(layer, layer(draw(), list(state) if layer.mode == "LSTM" else state))


def one_sequence_alone_with_a_state(layer: Any, draw: Callable[..., Any]) -> Any:
    return learnt(layer, layer(draw(batch=False), state_of(layer, None)))


def a_packed_sequence_in_any_order_with_states(layer: Any, draw: Callable[..., Any]) -> Any:
    values = draw().requires_grad_()
    packed = pack_padded_sequence(values, LENGTHS, layer.batch_first, enforce_sorted=False)
    return learnt(layer, layer(packed, state_of(layer)), values)


def an_input_that_is_not_in_one_piece(layer: Any, draw: Callable[..., Any]) -> Any:
    values = torch.cat([draw(), draw()], dim=-1)[..., 1:-4].requires_grad_()
    return learnt(layer, layer(values), values)


def weights_cut_from_a_larger_table(layer: Any, draw: Callable[..., Any]) -> Any:
    wide = {name: torch.cat([one.detach()] * 2, dim=-1) for name, one in layer.named_parameters()}
    cut = {name: wide[name][..., 1 : 1 + one.shape[-1]] for name, one in layer.named_parameters()}
    layer.load_state_dict(cut, assign=True)
    return learnt(layer, layer(draw()))


def transposed_weights(layer: Any, draw: Callable[..., Any]) -> Any:
    turned = {name: one.detach().T.contiguous().T for name, one in layer.named_parameters() if one.dim() == 2}
    layer.load_state_dict(layer.state_dict() | turned, assign=True)
    return learnt(layer, layer(draw()))


def a_weight_shared_within_the_layer(layer: Any, draw: Callable[..., Any]) -> Any:
    layer.weight_hh_l0 = layer.weight_ih_l0
    return learnt(layer, layer(draw()))


def a_weight_that_is_another_ones_transpose(layer: Any, draw: Callable[..., Any]) -> Any:
    size = layer.weight_hh_l0.shape[0]
    root = torch.randn(HIDDEN, size, generator=torch.Generator().manual_seed(3)).requires_grad_()
    del layer.weight_hh_l0
    layer.weight_hh_l0 = root.T
    return learnt(layer, layer(draw()), root)


def plain_tensors_in_place_of_weights(layer: Any, draw: Callable[..., Any]) -> Any:
    kept = [weight.detach().clone().requires_grad_() for weight in layer.parameters()]
    for (name, _), weight in zip(list(layer.named_parameters()), kept, strict=True):
        delattr(layer, name)
        setattr(layer, name, weight * 1.5)
    return learnt(layer, layer(draw()), *kept)


def a_functional_call(layer: Any, draw: Callable[..., Any]) -> Any:
    given = {name: (2 * weight).detach().requires_grad_() for name, weight in layer.named_parameters()}
    return learnt(layer, torch.func.functional_call(layer, given, (draw(),)), *given.values())


def weight_norm(layer: Any, draw: Callable[..., Any]) -> Any:
    parametrizations.weight_norm(layer, "weight_hh_l0")
    return learnt(layer, layer(draw()))


def weight_norm_as_it_was(layer: Any, draw: Callable[..., Any]) -> Any:
    nn.utils.weight_norm(layer, "weight_hh_l0")
    return learnt(layer, layer(draw()))


def spectral_norm(layer: Any, draw: Callable[..., Any]) -> Any:
    torch.manual_seed(0)
    parametrizations.spectral_norm(layer, "weight_hh_l0")
    return learnt(layer.eval(), layer(draw()))


def a_parametrization_of_ones_own(layer: Any, draw: Callable[..., Any]) -> Any:
    class Halved(nn.Module):
        def forward(self, weight: Tensor) -> Tensor:
            return weight / 2

    parametrize.register_parametrization(layer, "weight_ih_l0", Halved())
    return learnt(layer, layer(draw()))


def pruning(layer: Any, draw: Callable[..., Any]) -> Any:
    prune.l1_unstructured(layer, "weight_hh_l0", amount=0.5)
    return learnt(layer, layer(draw()))


def frozen_weights(layer: Any, draw: Callable[..., Any]) -> Any:
    layer.weight_hh_l0.requires_grad_(False)
    values = draw().requires_grad_()
    return learnt(layer, layer(values), values)


def no_bias(layer: Any, draw: Callable[..., Any]) -> Any:
    made = type(layer)(INPUTS, HIDDEN, bias=False)
    made.load_state_dict({name: layer.state_dict()[name] for name in made.state_dict()})
    return learnt(made, made(draw(first=False)))


def no_gradients(layer: Any, draw: Callable[..., Any]) -> Any:
    with torch.no_grad():
        return flat(layer(draw()))


def inference_then_training(layer: Any, draw: Callable[..., Any]) -> Any:
    with torch.inference_mode():
        answers = [one.sum() for one in flat(layer(draw()))]
    return [*(one.clone() for one in answers), *learnt(layer, layer(draw()))]


def a_copy(layer: Any, draw: Callable[..., Any]) -> Any:
    twin = copy.deepcopy(layer)
    assert type(twin) is type(layer)
    return learnt(twin, twin(draw()))


def a_pickle(layer: Any, draw: Callable[..., Any]) -> Any:
    twin = pickle.loads(pickle.dumps(layer))  # noqa: S301 - our own bytes
    assert type(twin) is type(layer)
    return learnt(twin, twin(draw()))


def a_saved_state(layer: Any, draw: Callable[..., Any]) -> Any:
    memory = io.BytesIO()
    torch.save(layer.state_dict(), memory)
    memory.seek(0)
    for weight in layer.parameters():
        nn.init.zeros_(weight)
    layer.load_state_dict(torch.load(memory, weights_only=True))
    layer.flatten_parameters()
    return learnt(layer, layer(draw()))


def hooks_forward_and_back(layer: Any, draw: Callable[..., Any]) -> Any:
    seen: list[Tensor] = []
    layer.register_forward_pre_hook(lambda _, inputs: (inputs[0] * 2, *inputs[1:]))
    layer.register_forward_hook(lambda _, inputs, results: (results[0] * 3, results[1]))
    layer.register_full_backward_hook(lambda _, inward, outward: seen.extend([*inward, outward[0]]))
    layer.register_full_backward_pre_hook(lambda _, outward: seen.append(outward[0]))
    layer.weight_hh_l0.register_hook(lambda slope: slope * 5)
    values = draw().requires_grad_()
    outputs, _ = layer(values)
    outputs.square().sum().backward()
    return [outputs, *seen, values.grad, *(weight.grad for weight in layer.parameters())]


def checkpoint_of_either_kind(layer: Any, draw: Callable[..., Any]) -> Any:
    found: list[Tensor] = []
    for again in (False, True):
        values = draw().requires_grad_()
        outputs = checkpoint(lambda given: layer(given)[0], values, use_reentrant=again)
        layer.zero_grad()
        outputs.square().sum().backward()
        found += [outputs, values.grad, *(weight.grad for weight in layer.parameters())]  # type: ignore[list-item]
    return found


def hooks_on_what_is_saved(layer: Any, draw: Callable[..., Any]) -> Any:
    with torch.autograd.graph.saved_tensors_hooks(lambda one: [one.clone()], lambda kept: kept[0]):
        results = layer(draw())
    return learnt(layer, results)


def anomalies_detected(layer: Any, draw: Callable[..., Any]) -> Any:
    with torch.autograd.detect_anomaly():
        return learnt(layer, layer(draw()))


def a_replica_of_data_parallel(layer: Any, draw: Callable[..., Any]) -> Any:
    replica = layer._replicate_for_data_parallel()
    copies = {name: weight * 1.0 for name, weight in layer.named_parameters()}
    for name, weight in copies.items():
        setattr(replica, name, weight)
    return learnt(layer, replica(draw()))


def shared_memory(layer: Any, draw: Callable[..., Any]) -> Any:
    layer.share_memory()
    return learnt(layer, layer(draw()))


def backward_twice(layer: Any, draw: Callable[..., Any]) -> Any:
    outputs, _ = layer(draw())
    for _ in range(2):
        outputs.sum().backward(retain_graph=True)
    return [weight.grad for weight in layer.parameters()]


def results_changed_in_place_by_what_follows(layer: Any, draw: Callable[..., Any]) -> Any:
    _, ends = layer(draw())
    last = flat([ends])[0]
    return learnt(layer, [last.clone().mul_(2).add_(1)])


def another_default_type_and_device(layer: Any, draw: Callable[..., Any]) -> Any:
    values = draw()
    torch.set_default_dtype(torch.float64)
    try:
        with torch.device("meta"):
            results = layer(values)
    finally:
        torch.set_default_dtype(torch.float32)
    return learnt(layer, results)
