"""What happens where: the table of docs/engine.md, and the uses or the tests that prove each row.

Not here: the uses themselves (drop_in_uses.py, drop_in_others.py) and their comparison (test_drop_in.py).
"""

from __future__ import annotations

from typing import NamedTuple

import drop_in_others as others
import drop_in_uses as uses
from drop_in_uses import Use

ENGINE, TORCH, REFUSED = "the engine", "torch's forward", "refused in torch's words"


class Row(NamedTuple):
    """A row of the table; `tests` prove it where it is no use of a layer alone."""

    what: str
    who: str
    uses: tuple[Use, ...] = ()
    tests: tuple[str, ...] = ()


TABLE = [
    Row(
        "padded, packed and single sequences, from any state, in memory of any layout",
        ENGINE,
        (
            uses.a_call, uses.a_call_by_name_with_states, uses.states_that_learn_and_come_batch_first,
            uses.a_list_of_states, uses.one_sequence_alone_with_a_state,
            uses.a_packed_sequence_in_any_order_with_states, uses.an_input_that_is_not_in_one_piece,
            uses.another_default_type_and_device, uses.no_gradients, uses.inference_then_training,
        ),
    ),
    Row(
        "`reset`: episodes that begin within a sweep",
        ENGINE,
        tests=("test_a_reset_within_a_sweep_is_a_loop_over_torchs_cells_in_value_and_gradient",),
    ),
    Row(
        "weights that are transposed, cut from others, shared, frozen, or replaced by plain tensors",
        ENGINE,
        (
            uses.weights_cut_from_a_larger_table, uses.transposed_weights, uses.a_weight_shared_within_the_layer,
            uses.a_weight_that_is_another_ones_transpose, uses.plain_tensors_in_place_of_weights, uses.frozen_weights,
            uses.no_bias,
        ),
    ),
    Row(
        "parametrised, normalised and pruned weights; `functional_call`",
        ENGINE,
        (
            uses.weight_norm, uses.weight_norm_as_it_was, uses.spectral_norm, uses.a_parametrization_of_ones_own,
            uses.pruning, uses.a_functional_call,
        ),
    ),
    Row(
        "copies, pickles, state dicts, shared memory, replicas, `DistributedDataParallel`",
        ENGINE,
        (uses.a_copy, uses.a_pickle, uses.a_saved_state, uses.shared_memory, uses.a_replica_of_data_parallel),
        ("test_distributed_training_on_one_process_is_training",),
    ),
    Row(
        "hooks, checkpoints, hooks on saved tensors, anomaly mode, `retain_graph`",
        ENGINE,
        (
            uses.hooks_forward_and_back, uses.checkpoint_of_either_kind, uses.hooks_on_what_is_saved,
            uses.anomalies_detected, uses.backward_twice, uses.results_changed_in_place_by_what_follows,
        ),
    ),
    Row(
        "`torch.autocast` to bfloat16",
        "the engine, with products of bfloat16; outputs stay float32",
        tests=("test_under_autocast_states_of_bfloat16_are_taken_and_outputs_stay_float32",),
    ),
    Row(
        "second derivatives, and gradients in batches (`is_grads_batched`)",
        "the engine, and the equations for the way back",
        tests=(
            "test_hessians_and_their_products_are_torchs",
            "test_a_penalty_on_the_gradient_moves_the_weights_as_torchs_does",
            "test_a_batch_of_gradients_at_once_is_torchs",
        ),
    ),
    Row(
        "`torch.compile`",
        "the engine, behind a break of the graph; `fullgraph=True` is refused, as of torch.nn",
        tests=(
            "test_compiled_nets_keep_the_engine_behind_a_break_of_the_graph",
            "test_one_whole_graph_is_refused_for_both",
        ),
    ),
    Row(
        "`torch.fx`",
        "the engine: a trace calls the layer as a whole",
        tests=("test_a_symbolic_trace_calls_the_layer_as_a_whole",),
    ),
    Row(
        "`torch.func`, forward-mode derivatives, counters of operations and other modes",
        TORCH,
        (
            others.func_grad, others.func_jacobians, others.func_forward_jacobians, others.func_hessian,
            others.func_hessian_backwards_only, others.func_vmap_over_inputs, others.func_vmap_over_weights,
            others.gradients_of_each_example, others.forward_derivatives, others.counting_operations,
        ),
    ),
    Row(
        "float64, half precision, autocast to float16, `proj_size`, the meta device, a GPU, tensor subclasses",
        TORCH,
        (
            others.float64, others.weights_in_half, others.half_under_autocast, others.a_projection,
            others.nothing_but_shapes, others.a_kind_of_tensor_of_ones_own,
        ),
    ),
    Row("an empty batch", TORCH, (others.a_batch_of_none, others.packed_data_with_a_rest)),
    Row(
        "`torch.export`, `torch.jit.trace`, `torch.jit.script`",
        "torch's forward, with the same weights",
        tests=("test_what_follows_operations_finds_torchs",),
    ),
    Row(
        "`quantize_dynamic`, tables by type (`type(layer) == nn.LSTM` is true)",
        "torch's quantised layer",
        tests=("test_a_quantised_net_is_torchs", "test_initialisers_by_type_reach_the_layers"),
    ),
    Row(
        "no steps; inputs, states and weights of other shapes, types or devices",
        REFUSED,
        (
            others.no_steps, others.too_few_axes, others.too_many_axes, others.too_many_features,
            others.too_many_features_of_one_alone, others.a_state_too_short, others.a_state_batch_first,
            others.a_state_without_a_batch, others.a_state_with_a_batch_for_one_alone, others.a_state_of_another_form,
            others.a_state_of_both_forms, others.a_state_of_three_parts, others.a_state_that_is_no_tensor,
            others.a_state_in_float64, others.a_state_on_another_device, others.an_array, others.a_list, others.nothing,
            others.half_without_autocast, others.complex_numbers, others.whole_numbers, others.a_sparse_input,
            others.an_input_on_another_device, others.a_weight_of_another_shape, others.a_weight_that_is_not_there,
            others.packed_sizes_that_climb,
        ),
    ),
    Row(
        "weights or outputs changed in place before the gradient is asked for",
        REFUSED,
        (
            others.weights_changed_before_backward, others.biases_changed_before_backward,
            others.outputs_changed_before_backward, others.a_step_of_an_optimiser_before_a_second_backward,
            others.backward_twice_without_the_graph, others.a_state_from_inference_mode,
        ),
    ),
]  # fmt: skip


def uses_of(who: str) -> list[Use]:
    """All uses whose rows say so."""
    return [use for row in TABLE if row.who == who for use in row.uses]
