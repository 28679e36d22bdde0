from collections.abc import Sequence
from typing import Annotated

import numpy
from numpy.typing import NDArray


class Places:
    @property
    def tokens(self) -> int: ...

    @property
    def sequences(self) -> int: ...

    @property
    def full(self) -> bool:
        """Whether every token belongs to a sequence."""

    @property
    def offsets(self) -> list[int]:
        """
        Where each sequence begins among `order`, and the number of its tokens.
        """

    @property
    def order(self) -> list[int]:
        """Where the tokens lie, sequence by sequence."""

class Layer:
    def pack(self, input: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)], recurrent: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)], input_bias: Annotated[NDArray[numpy.float32], dict(shape=(None,), device='cpu', writable=False)], recurrent_bias: Annotated[NDArray[numpy.float32], dict(shape=(None,), device='cpu', writable=False)], *, backward: bool, threads: int) -> None:
        """
        Weights in torch's layout, for sweeps forward and with `backward` for their gradients too.
        """

    @property
    def pitch(self) -> int: ...

def project(layer: Layer, *, values: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)], into: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu')], threads: int) -> None:
    """
    Products of inputs (rows, inputs) that sweeps will meet again and again, into (rows, pitch).
    """

def ragged(offsets: Annotated[NDArray[numpy.int64], dict(shape=(None,), device='cpu', writable=False)]) -> Places:
    """Sequences one after another."""

def grid(steps: int, lengths: Annotated[NDArray[numpy.int64], dict(shape=(None,), device='cpu', writable=False)], *, rows: bool) -> Places:
    """
    Sequences as the columns of a (steps, sequences) grid, or as the rows of a (sequences, steps) one.
    """

def layer(*, cell: str, activation: str, precision: str, reset_after: bool, inputs: int, hidden: int, reverse: bool) -> Layer:
    """A layer in one direction, without weights yet."""

def available() -> list[str]:
    """Names of the instruction sets this processor runs, best first."""

def engine() -> str:
    """The instruction set in use."""

def choose(name: str) -> bool:
    """Forces an instruction set; false where this processor cannot run it."""

def release_buffers() -> None:
    """Gives unused buffers back to the system."""

def buffer_bytes() -> tuple[int, int, int]:
    """
    Bytes of buffers handed out, lying ready, and asked of the system since the process began.
    """

def calm_openmp() -> bool:
    """
    Lets the threads of GNU OpenMP sleep as soon as the engine's own; false where there are none.
    """

def threads_at_work() -> int:
    """How many threads have done tasks since this was last asked."""

def peak_work(rounds: int, threads: int) -> float:
    """
    Floating-point operations done by a loop of multiply-adds on registers.
    """

def activate(activation: str, *, precision: str, values: Annotated[NDArray[numpy.float32], dict(shape=(None,), device='cpu', writable=False)], into: Annotated[NDArray[numpy.float32], dict(shape=(None,), device='cpu')]) -> None:
    """Each value's activation as the sweeps of a precision compute it."""

class Kept:
    @property
    def bytes(self) -> int: ...

def forward(layers: Sequence[Layer], places: Places, *, values: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)] | None = None, outputs: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu')], hidden: Annotated[NDArray[numpy.float32], dict(shape=(None, None, None), device='cpu', writable=False)] | None = None, cell: Annotated[NDArray[numpy.float32], dict(shape=(None, None, None), device='cpu', writable=False)] | None = None, final_hidden: Annotated[NDArray[numpy.float32], dict(shape=(None, None, None), device='cpu')] | None = None, final_cell: Annotated[NDArray[numpy.float32], dict(shape=(None, None, None), device='cpu')] | None = None, rows: Annotated[NDArray[numpy.int32], dict(shape=(None,), device='cpu', writable=False)] | None = None, projected: Sequence[Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)]] | None = None, keep: bool, threads: int) -> Kept | None:
    """
    Sweep all directions of a layer. A token's input is its row of `values`, or of their products in `projected`: the row that `rows` tells, or without `rows` its own. Returns what a gradient needs, or None without `keep`.
    """

def backward(layers: Sequence[Layer], kept: Kept, places: Places, *, values: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)], outputs: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)], output_errors: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)] | None = None, final_hidden_errors: Annotated[NDArray[numpy.float32], dict(shape=(None, None, None), device='cpu', writable=False)] | None = None, final_cell_errors: Annotated[NDArray[numpy.float32], dict(shape=(None, None, None), device='cpu', writable=False)] | None = None, hidden: Annotated[NDArray[numpy.float32], dict(shape=(None, None, None), device='cpu', writable=False)] | None = None, cell: Annotated[NDArray[numpy.float32], dict(shape=(None, None, None), device='cpu', writable=False)] | None = None, value_errors: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu')] | None = None, gradients: Sequence[tuple[Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu')], Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu')], Annotated[NDArray[numpy.float32], dict(shape=(None,), device='cpu')], Annotated[NDArray[numpy.float32], dict(shape=(None,), device='cpu')]]] | None = None, hidden_errors: Annotated[NDArray[numpy.float32], dict(shape=(None, None, None), device='cpu')] | None = None, cell_errors: Annotated[NDArray[numpy.float32], dict(shape=(None, None, None), device='cpu')] | None = None, rows: Annotated[NDArray[numpy.int32], dict(shape=(None,), device='cpu', writable=False)] | None = None, threads: int) -> None:
    """
    The gradient of the sweep that left `kept`: writes what is asked for by arrays to write to. With `rows` the errors of the values are those of their rows, and `kept` is used up.
    """

class Words:
    @property
    def count(self) -> int: ...

class Adam:
    """One step of Adam (Kingma & Ba 2015), as plain numbers."""

    def __init__(self, *, size: float, beta1: float, beta2: float, epsilon: float, pull: float = 0.0, kept: float = 1.0) -> None:
        """
        `size` is the learning rate with both moments' bias taken out; `pull` is weight decay that joins the gradient, `kept` what decay leaves of the weight itself.
        """

def gather(places: Places, *, table: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)], ids: Annotated[NDArray[numpy.int64], dict(shape=(None,), device='cpu', writable=False)] | None = None, masks: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)] | None = None, scale: float, into: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu')], threads: int) -> None:
    """
    Each token's row of `table`, by `ids` or as they come, times scale and its sequence's mask.
    """

def words(places: Places, ids: Annotated[NDArray[numpy.int64], dict(shape=(None,), device='cpu', writable=False)]) -> Words:
    """The distinct ids of a batch, and the tokens of each."""

def distinct(words: Words, *, ids: Annotated[NDArray[numpy.int64], dict(shape=(None,), device='cpu')], rows: Annotated[NDArray[numpy.int32], dict(shape=(None,), device='cpu')]) -> None:
    """
    Writes the distinct ids in rising order, and which of them each token has.
    """

def gather_gradient(words: Words, places: Places, *, errors: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)], masks: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)] | None = None, scale: float, ids: Annotated[NDArray[numpy.int64], dict(shape=(None,), device='cpu')], rows: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu')], threads: int) -> None:
    """
    Writes the distinct ids in rising order, and the gradient of the row of each.
    """

def adam(weight: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu')], first: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu')], second: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu')], *, ids: Annotated[NDArray[numpy.int64], dict(shape=(None,), device='cpu', writable=False)], gradient: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)], step: Adam, threads: int) -> None:
    """Moves the rows `ids` of a weight and of its two moments."""

def adam_whole(weights: Sequence[tuple[Annotated[NDArray[numpy.float32], dict(order='C', device='cpu')], Annotated[NDArray[numpy.float32], dict(order='C', device='cpu')], Annotated[NDArray[numpy.float32], dict(order='C', device='cpu')], Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)], Adam]], *, threads: int) -> None:
    """
    Moves whole weights: each with its two moments, its gradient and its step.
    """

def clip(gradients: Sequence[Annotated[NDArray[numpy.float32], dict(order='C', device='cpu')]], *, largest: float, threads: int) -> float:
    """
    Scales all to a joint length of at most `largest`, 0 for any, and returns the length they had.
    """

def pool(places: Places, *, values: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)], parts: Sequence[str], directions: int, scorer: tuple[Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)], Annotated[NDArray[numpy.float32], dict(shape=(None,), device='cpu', writable=False)], Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)]] | None = None, rows: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu')], where: Annotated[NDArray[numpy.int32], dict(shape=(None, None), device='cpu')] | None = None, shares: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu')] | None = None, hidden: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu')] | None = None, threads: int) -> None:
    """
    Pools ragged sequences: the parts side by side into rows, and what their gradient needs.
    """

def pool_back(places: Places, *, values: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)], parts: Sequence[str], directions: int, scorer: tuple[Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)], Annotated[NDArray[numpy.float32], dict(shape=(None,), device='cpu', writable=False)], Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)]] | None = None, rows: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu')], where: Annotated[NDArray[numpy.int32], dict(shape=(None, None), device='cpu')] | None = None, shares: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu')] | None = None, hidden: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu')] | None = None, errors: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)], value_errors: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu')], gradients: tuple[Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu')], Annotated[NDArray[numpy.float32], dict(shape=(None,), device='cpu')], Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu')]] | None = None, threads: int) -> None:
    """
    The gradient of what `pool` left: the errors of the values, and the scorer's gradients.
    """

class StepNet:
    """A net that only reads forwards, as streams step it."""

    def __init__(self) -> None: ...

    def reads_features(self, inputs: int) -> None: ...

    def reads_words(self, table: object, *, each: int, scale: float) -> None:
        """
        Tokens of `each` ids: the sum of their rows of the table (words, inputs), times scale.
        """

    def knows_products(self, *, places: object, rows: object) -> None:
        """
        Products of words with the first layer: those of a word lie in row places[word], negative: not yet.
        """

    def recurrent(self, layer: object) -> None: ...

    def pool(self, parts: Sequence[str]) -> None: ...

    def dense(self, weight: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)], bias: Annotated[NDArray[numpy.float32], dict(shape=(None,), device='cpu', writable=False)], *, activation: str) -> None: ...

    def convolution(self, weight: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)], bias: Annotated[NDArray[numpy.float32], dict(shape=(None,), device='cpu', writable=False)], *, length: int, channels: int, stride: int, left: int, right: int, reflect: bool) -> None:
        """Filters that slide over a chunk of places, all channels side by side."""

    def function(self, name: str, *, places: int) -> None: ...

    def finish(self, name: str, *, sharpness: float) -> None:
        """How scores become answers."""

class Drawing:
    """How one of many scores is drawn."""

    def __init__(self, *, temperature: float, top_k: int, top_p: float, never: Sequence[int]) -> None:
        """`never` are places that are not drawn."""

class Streams:
    """Streams that a net reads on, one state each; steps allocate nothing."""

    def __init__(self, net: StepNet, slots: int) -> None: ...

    def read(self, *, ids: Annotated[NDArray[numpy.int64], dict(shape=(None, None), device='cpu', writable=False)] | None = None, values: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu', writable=False)] | None = None, answers: Annotated[NDArray[numpy.float32], dict(shape=(None, None), device='cpu')], offsets: Annotated[NDArray[numpy.int64], dict(shape=(None,), device='cpu', writable=False)] | None = None, slots: Annotated[NDArray[numpy.int64], dict(shape=(None,), device='cpu', writable=False)] | None = None, every: bool, raw: bool) -> int:
        """
        Reads tokens, and answers each or the last of each row; returns an id without products, or -1.
        """

    def push_id(self, id: int, answer: Annotated[NDArray[numpy.float32], dict(shape=(None,), device='cpu')], raw: bool) -> int: ...

    def push_values(self, values: Annotated[NDArray[numpy.float32], dict(shape=(None,), device='cpu', writable=False)], answer: Annotated[NDArray[numpy.float32], dict(shape=(None,), device='cpu')], raw: bool) -> None: ...

    def draw(self, scores: Annotated[NDArray[numpy.float32], dict(shape=(None,), device='cpu', writable=False)], uniform: float, how: Drawing) -> int: ...

    def next(self, id: int, uniform: float, how: Drawing) -> int:
        """
        Reads a token and draws the next one; -1 - id where that id has no products yet.
        """

    def reset(self, slots: Annotated[NDArray[numpy.int64], dict(shape=(None,), device='cpu', writable=False)]) -> None: ...

    def copy(self, slot: int, to: Streams, into: int) -> None: ...

    def parts(self) -> list[Annotated[NDArray[numpy.float32], dict(shape=(None, None))]]:
        """Each part of the states, (slots, columns): memory that steps write to."""

    def counts(self) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]:
        """Tokens that each stream has read."""
