"""What people do with torch.nn's recurrent layers and the engine leaves to torch: what torch does, or refuses.

Not here: what the engine serves (drop_in_uses.py), and the comparison (test_drop_in.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn
from torch.autograd import forward_ad
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, stack_module_state, vmap
from torch.nn.utils.rnn import PackedSequence
from torch.utils.flop_counter import FlopCounterMode

from drop_in_uses import HIDDEN, INPUTS, SEQUENCES, STEPS, changed, flat, learnt, state_of

# What torch's own forward computes.


def weights_of(layer: nn.Module) -> dict[str, Tensor]:
    return {name: weight.detach() for name, weight in layer.named_parameters()}


def loss_of(layer: Any, values: Tensor, weights: dict[str, Tensor] | None = None) -> Tensor:
    results = layer(values) if weights is None else functional_call(layer, weights, (values,))
    return sum((one.square().sum() for one in flat(results)), torch.zeros(()))


def func_grad(layer: Any, draw: Callable[..., Any]) -> Any:
    found = grad(lambda weights: loss_of(layer, draw(), weights))(weights_of(layer))
    return list(found.values())


def func_jacobians(layer: Any, draw: Callable[..., Any]) -> Any:
    return [jacrev(lambda values: layer(values)[0].sum(dim=-1))(draw())]


def func_forward_jacobians(layer: Any, draw: Callable[..., Any]) -> Any:
    return [jacfwd(lambda values: layer(values)[0].sum())(draw())]


def func_hessian(layer: Any, draw: Callable[..., Any]) -> Any:
    return [hessian(lambda values: loss_of(layer, values))(draw())]


def func_hessian_backwards_only(layer: Any, draw: Callable[..., Any]) -> Any:
    return [jacrev(grad(lambda values: loss_of(layer, values)))(draw())]


def func_vmap_over_inputs(layer: Any, draw: Callable[..., Any]) -> Any:
    return flat(vmap(lambda values: layer(values)[0])(torch.stack([draw(), draw() + 1])))


def func_vmap_over_weights(layer: Any, draw: Callable[..., Any]) -> Any:
    weights, buffers = stack_module_state([layer, layer])
    return flat(vmap(lambda one: functional_call(layer, (one, buffers), (draw(),))[0])(weights))


def gradients_of_each_example(layer: Any, draw: Callable[..., Any]) -> Any:
    each = vmap(grad(lambda weights, values: loss_of(layer, values, weights)), in_dims=(None, 0))
    return list(each(weights_of(layer), torch.stack([draw(), draw() + 1])).values())


def forward_derivatives(layer: Any, draw: Callable[..., Any]) -> Any:
    with forward_ad.dual_level():
        values = forward_ad.make_dual(draw(), torch.ones_like(draw()))
        return [*forward_ad.unpack_dual(layer(values)[0])]


def half_under_autocast(layer: Any, draw: Callable[..., Any]) -> Any:
    with torch.autocast("cpu", torch.float16):
        return learnt(layer, [one.float() for one in flat(layer(draw(), changed(state_of(layer), Tensor.half)))])


def float64(layer: Any, draw: Callable[..., Any]) -> Any:
    layer.double()
    return learnt(layer, layer(draw().double()))


def a_projection(layer: Any, draw: Callable[..., Any]) -> Any:
    if layer.mode != "LSTM":
        return [type(layer)(INPUTS, HIDDEN, proj_size=2)]
    torch.manual_seed(0)
    made = type(layer)(INPUTS, HIDDEN, proj_size=2, batch_first=layer.batch_first)
    return learnt(made, made(draw()))


def weights_in_half(layer: Any, draw: Callable[..., Any]) -> Any:
    return learnt(layer, [one.float() for one in flat(layer.bfloat16()(draw().bfloat16()))])


def nothing_but_shapes(layer: Any, draw: Callable[..., Any]) -> Any:
    return [torch.zeros(one.shape) for one in flat(layer.to("meta")(draw().to("meta")))]


def a_kind_of_tensor_of_ones_own(layer: Any, draw: Callable[..., Any]) -> Any:
    class Named(Tensor):
        pass

    return [one.as_subclass(Tensor) for one in flat(layer(draw().as_subclass(Named)))]


def a_batch_of_none(layer: Any, draw: Callable[..., Any]) -> Any:
    values = draw()[:0] if layer.batch_first else draw()[:, :0]
    return learnt(layer, layer(values, state_of(layer, 0)))


def counting_operations(layer: Any, draw: Callable[..., Any]) -> Any:
    with FlopCounterMode(display=False) as counter:
        layer(draw())
    return [torch.tensor(float(counter.get_total_flops()))]


def a_trace(layer: Any, draw: Callable[..., Any]) -> Any:
    traced = torch.jit.trace(layer, (draw(),), check_trace=False)
    return learnt(layer, traced(draw() * 2))


def a_script(layer: Any, draw: Callable[..., Any]) -> Any:
    return learnt(layer, torch.jit.script(layer)(draw()))


def an_export(layer: Any, draw: Callable[..., Any]) -> Any:
    return flat(torch.export.export(layer, (draw(),)).module()(draw() * 2))


def packed_data_with_a_rest(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(PackedSequence(draw().flatten(0, 1), torch.tensor([2, 2, 1])))[0].data[:5][None]


# What torch refuses.


def no_steps(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(draw()[:, :0] if layer.batch_first else draw()[:0])


def too_few_axes(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(torch.zeros(INPUTS))


def too_many_axes(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(draw()[None])


def too_many_features(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(torch.cat([draw(), draw()], dim=-1))


def too_many_features_of_one_alone(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(torch.zeros(STEPS, INPUTS + 1))


def a_state_too_short(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(draw(), state_of(layer, SEQUENCES - 1))


def a_state_batch_first(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(draw(), changed(state_of(layer, SEQUENCES + 3), lambda part: part.transpose(0, 1)))


def a_state_without_a_batch(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(draw(), state_of(layer, None))


def a_state_with_a_batch_for_one_alone(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(draw(batch=False), state_of(layer, 1))


def a_state_of_another_form(layer: Any, draw: Callable[..., Any]) -> Any:
    state = state_of(layer)
    return layer(draw(), state[0] if layer.mode == "LSTM" else (state,))


def a_state_of_both_forms(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(draw(), state_of(layer, parts=1 if layer.mode == "LSTM" else 2))


def a_state_of_three_parts(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(draw(), state_of(layer, parts=3))


def a_state_that_is_no_tensor(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(draw(), changed(state_of(layer), lambda part: part.numpy()))


def a_state_in_float64(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(draw(), changed(state_of(layer), Tensor.double))


def a_state_on_another_device(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(draw(), changed(state_of(layer), lambda part: part.to("meta")))


def an_array(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(np.zeros((STEPS, SEQUENCES, INPUTS), np.float32))


def a_list(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer([[0.0] * INPUTS])


def nothing(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(None)


def half_without_autocast(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(draw().half())


def complex_numbers(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(draw().to(torch.complex64))


def whole_numbers(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(draw().long())


def a_sparse_input(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(draw().to_sparse())


def an_input_on_another_device(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(draw().to("meta"))


def a_weight_of_another_shape(layer: Any, draw: Callable[..., Any]) -> Any:
    layer.weight_hh_l0 = nn.Parameter(torch.zeros(1, HIDDEN + 2))
    return layer(draw())


def a_weight_that_is_not_there(layer: Any, draw: Callable[..., Any]) -> Any:
    layer.weight_hh_l0 = None
    return layer(draw())


def packed_sizes_that_climb(layer: Any, draw: Callable[..., Any]) -> Any:
    return layer(PackedSequence(torch.zeros(3, INPUTS), torch.tensor([1, 2])))


def weights_changed_before_backward(layer: Any, draw: Callable[..., Any]) -> Any:
    outputs, _ = layer(draw().requires_grad_())
    with torch.no_grad():
        layer.weight_hh_l0.add_(1)
    return outputs.sum().backward()


def biases_changed_before_backward(layer: Any, draw: Callable[..., Any]) -> Any:
    outputs, _ = layer(draw().requires_grad_())
    with torch.no_grad():
        layer.bias_ih_l0.add_(1)
    return outputs.sum().backward()


def outputs_changed_before_backward(layer: Any, draw: Callable[..., Any]) -> Any:
    outputs, _ = layer(draw())
    return outputs.add_(1).sum().backward()


def a_step_of_an_optimiser_before_a_second_backward(layer: Any, draw: Callable[..., Any]) -> Any:
    outputs, _ = layer(draw().requires_grad_())
    outputs.sum().backward(retain_graph=True)
    torch.optim.SGD(layer.parameters(), lr=0.1).step()
    return outputs.sum().backward()


def backward_twice_without_the_graph(layer: Any, draw: Callable[..., Any]) -> Any:
    outputs, _ = layer(draw())
    outputs.sum().backward()
    return outputs.sum().backward()


def a_state_from_inference_mode(layer: Any, draw: Callable[..., Any]) -> Any:
    with torch.inference_mode():
        _, state = layer(draw())
    return layer(draw().requires_grad_(), state)


def a_symbolic_trace(layer: Any, draw: Callable[..., Any]) -> Any:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = layer

        def forward(self, values: Any, state: Any) -> Any:
            return self.inner(values, state)

    traced = fx.symbolic_trace(Net())
    assert [node.op for node in traced.graph.nodes].count("call_module") == 1
    return learnt(layer, traced(draw(), state_of(layer)))
