"""The first weights of recurrent and dense layers, drawn in one of three ways.

gates: of each gate by itself, input weights as Glorot & Bengio 2010, recurrent ones orthogonal (Saxe et al. 2014); an
LSTM's forget bias is 1 (Jozefowicz et al. 2015); dense weights even within ±1/√inputs, biases zero.
keras: the same, but of all gates at once, as Keras stacks them; dense weights as Glorot & Bengio.
torch: torch.nn's: all weights and biases even within ±1/√hidden, of a dense layer within ±1/√inputs.

Not here: token vectors and what pools, which start alike in all three.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from recurra.config import Init
from recurra.layers.dropout import Generator
from recurra.layers.matrix.run import DenseSpec
from recurra.layers.recurrent.run import RecurrentSpec


@torch.no_grad()
def draw_recurrent(name: str, weight: Tensor, spec: RecurrentSpec, init: Init, generator: Generator) -> None:
    """Draw one of a recurrent layer's weights, which is zeros so far, in place; `name` is torch's name of it."""
    if spec.computed.parallel and not name.startswith("weight_ih"):
        return  # vectors on the state and biases start at zero, as in the SRU's paper
    if init == "torch":
        _evenly(weight, spec.hidden, generator)
        return
    # Rows of all gates are stacked; a matrix of four gates would count four times as many outputs as each gate has.
    gates = weight.chunk(len(weight) // spec.hidden)
    drawn = gates if init == "gates" else (weight,)
    if name.startswith("weight_ih"):
        for part in drawn:
            nn.init.xavier_uniform_(part, generator=generator)
    elif name.startswith("weight_hh"):
        for part in drawn:
            nn.init.orthogonal_(part, generator=generator)
    elif spec.cell == "lstm" and name.startswith("bias_ih"):
        # torch's order is input, forget, cell, output: what an LSTM has learnt it keeps until it learns to forget.
        gates[1].fill_(1.0)


@torch.no_grad()
def draw_dense(weight: Tensor, bias: Tensor, spec: DenseSpec, init: Init, generator: Generator) -> None:
    """Draw a dense layer's weights in place; its bias is zeros so far."""
    if init == "keras":
        nn.init.xavier_uniform_(weight, generator=generator)
        return
    _evenly(weight, spec.inputs, generator)
    if init == "torch":
        _evenly(bias, spec.inputs, generator)


def _evenly(weight: Tensor, inputs: int, generator: Generator) -> None:
    bound = inputs**-0.5
    weight.uniform_(-bound, bound, generator=generator)
