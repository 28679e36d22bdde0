"""Every choice a user can make: one frozen model per concern, each field with its default, check and help.

Not here: what the choices do. Extra keys, wrong types, NaN and out-of-range values are refused with the field's path.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from recurra.cells import CELLS
from recurra.cells.cell import Activation, CellStep
from recurra.errors import UsageError
from recurra.records import Frozen, validated


def _known_cell(name: str) -> str:
    # Not a Literal: cells are found by their files, and a list here would have to be kept equal.
    if name not in CELLS:
        raise PydanticCustomError("cell", "one of {cells}", {"cells": ", ".join(CELLS)})
    return name


CellName = Annotated[str, AfterValidator(_known_cell)]
"""The name of a cell."""
Pool = Literal["last", "mean", "max", "attention"]
Init = Literal["gates", "torch", "keras"]
Direction = Literal["forward", "backward"]
Learning = Literal["float32", "bf16"]
LEARNING: tuple[Learning, ...] = get_args(Learning)
"""What a net may learn in; it may answer in more."""
Precision = Literal[Learning, "int8"]
Device = Literal["auto", "cpu", "cuda"]


class CellKind(NamedTuple):
    """What is computed at each step of a sweep, and of which numbers its products are made."""

    cell: CellName
    activation: Activation = "tanh"
    precision: Precision = "float32"
    """bf16: what is multiplied is rounded to bfloat16; sums, activations and states stay float32. int8, in answers
    alone: it is rounded to whole numbers, weights per channel and inputs and states per row, whose sums are exact."""
    reset_after: bool = True
    """Of a GRU: whether the reset meets the product of the state; else it meets the state before the product."""

    @property
    def parallel(self) -> bool:
        """Whether no product waits for the state: all of them are made at once, and the rest is a scan."""
        return CELLS[self.cell].vectors is not None

    @property
    def gates(self) -> int:
        """How many gates' rows are stacked in the weights."""
        return len(CELLS[self.cell].gates)

    def rows_of(self, gate: str, hidden: int) -> slice:
        """Where a gate's rows lie in the stacked weights; all of them for no gate."""
        # Gates lie in the order of the cell's record, each `hidden` rows high.
        first = list(CELLS[self.cell].gates).index(gate) * hidden if gate else 0
        return slice(first, first + hidden) if gate else slice(None)

    @property
    def states(self) -> tuple[str, ...]:
        """The parts of a state: hidden, which is the output, and the inner one where the cell has it."""
        return CELLS[self.cell].states

    @property
    def step(self) -> CellStep:
        """The equation; the GRU has two forms."""
        cell = CELLS[self.cell]
        return cell.step if self.reset_after or cell.before is None else cell.before

    def require_learning(self) -> None:
        """Raise UsageError for a precision that is for answers alone."""
        if self.precision not in LEARNING:
            advice = "int8 answers without torch: load the model with precision='int8'"
            allowed = ", ".join(LEARNING)
            raise UsageError("precision of a net that learns", found=self.precision, allowed=allowed, advice=advice)

    def recurrent_shapes(self, hidden: int) -> tuple[tuple[int, int], tuple[int]]:
        """Shapes of the recurrent weights and their bias; an SRU's weights are two vectors, a minGRU has none."""
        cell = CELLS[self.cell]
        if cell.vectors is not None:
            return (len(cell.vectors), hidden), (0,)
        return (len(cell.gates) * hidden, hidden), (len(cell.gates) * hidden,)


class TextConfig(Frozen):
    """How a text becomes token ids."""

    tokens: Literal["auto", "word", "script", "character", "space", "bpe"] = "auto"
    """What a token is; script: words, and each character of a script without spaces (Chinese, Thai, …); auto: script
    where the training texts have such a script, else word; space: tokenised beforehand, apart by white space; bpe (of
    language models): pieces of words, learnt by byte pair encoding."""
    lowercase: bool = True
    """Fold capitals, as the GloVe 6B vectors do."""
    max_words: int = Field(default=50_000, ge=10, le=2_000_000)
    """The most frequent words kept; the rest become <unk>."""
    min_count: int = Field(default=2, ge=1, le=1_000_000)
    """Words seen less often in training become <unk>."""
    max_length: int = Field(default=400, ge=1, le=1_000_000)
    """Tokens kept of each text."""
    truncate: Literal["head", "tail", "head+tail"] = "head+tail"
    """Which end is kept of a longer text; head+tail keeps a quarter and three quarters."""
    pad_to_max: bool = False
    """The tutorial's behaviour (`classic_pad`): pad every text in front to max_length and sweep the pads too."""


def _several(value: Any) -> Any:
    """One name stands for a list of it; JSON has lists for tuples."""
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


class NetConfig(Frozen):
    """What is stacked."""

    cell: CellName = "lstm"
    """The recurrent cell."""
    activation: Activation = "tanh"
    """The cell's activation (for rnn: tanh, relu or sigmoid; for lstm: tanh or relu; gru: tanh; mingru and sru have
    none and do not read it)."""
    reset_after: bool = True
    """For gru: the reset is applied to the product of the state, as in torch and Keras' default; false: to the state
    before the product, as Cho et al. 2014 wrote it."""
    init: Init = "gates"
    """How recurrent and dense weights start: gates (Glorot, orthogonal, forget bias 1, drawn gate by gate); keras (the
    same, drawn over all gates at once, dense weights Glorot too); torch (torch.nn's: even within ±1/√units)."""
    precision: Learning = "float32"
    """bf16 multiplies in bfloat16 and sums in float32: on matrix units (AMX) several times as quick; weights stay
    float32. int8 is for answers alone (`--precision int8`)."""
    embedding_size: int = Field(default=100, ge=1, le=4096)
    """Features of a token's vector; pre-trained vectors set it."""
    hidden: int = Field(default=128, ge=1, le=16_384)
    """Units of the recurrent state, per direction."""
    layers: int = Field(default=1, ge=1, le=16)
    """Recurrent layers stacked."""
    bidirectional: bool = False
    """Read the sequence from both ends (not for language models)."""
    direction: Direction = "forward"
    """Language models: forward predicts each token from all before it, backward from all behind it."""
    pool: Annotated[tuple[Pool, ...], BeforeValidator(_several)] = ("last",)
    """How a sequence of states becomes one vector: last, mean, max or attention; several are concatenated."""
    embedding_scale: float = Field(default=1.0, gt=0.0, le=1000.0)
    """Factor on the token vectors where they enter the recurrence (a table shared with the output stays small)."""
    heads: int = Field(default=1, ge=1, le=64)
    """Attention heads when `pool` has attention."""
    embedding_dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Variational dropout on token vectors: one mask per sequence (Gal & Ghahramani 2016)."""
    word_dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Share of tokens lost in training: texts read <unk> there, language models a vector of zeros."""
    recurrent_dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Variational dropout on the outputs of each recurrent layer: one mask per sequence."""
    weight_drop: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Share of the recurrent weights that each batch does without (DropConnect; Merity et al. 2018)."""
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Dropout before the dense layer."""
    freeze_embedding: bool = False
    """Keep the token vectors as they were given."""


class TrainingConfig(Frozen):
    """How a net learns."""

    device: Device = Field(default="auto", repr=False)
    """Where it learns; auto: the GPU where torch can use one. No part of what is learnt: a run may change it."""
    epochs: int = Field(default=5, ge=1, le=100_000)
    """Passes over the training part, at most."""
    batch_size: int = Field(default=64, ge=1, le=1_000_000)
    """Sequences in a batch, at most."""
    batch_tokens: int = Field(default=16_384, ge=1, le=100_000_000)
    """Tokens in a batch, at most (a single longer sequence still makes a batch)."""
    optimiser: Literal["adam", "adamw", "muon", "sgd"] = "adam"
    """Adam (Kingma & Ba 2015), AdamW (Loshchilov & Hutter 2019), SGD with momentum 0.9, or Muon for the recurrent
    matrices (Jordan et al. 2024) and AdamW for all else."""
    orthogonal: Literal["gate", "matrix"] = "gate"
    """Muon: what is made orthogonal, each gate's block by itself or the whole recurrent matrix."""
    recurrent_rate: float = Field(default=1.0, gt=0.0, le=100.0)
    """Muon: learning rate of the recurrent matrices, as a share of the learning rate."""
    learning_rate: float = Field(default=2e-3, gt=0.0, le=100.0)
    """The schedule's highest learning rate."""
    table_rate: float = Field(default=1.0, ge=0.0, le=100.0)
    """Learning rate of embedding tables, as a share of the learning rate."""
    warm_up: float = Field(default=0.25, ge=0.0, lt=1.0)
    """OneCycle: share of the training in which the rate rises."""
    schedule: Literal["constant", "step", "one_cycle", "cosine"] = "one_cycle"
    """constant; StepDrop; OneCycle (Smith 2018); cosine to zero."""
    drop: float = Field(default=1e-4, ge=0.0, le=100.0)
    """StepDrop: what is subtracted from the learning rate."""
    drop_every: int = Field(default=10, ge=1, le=100_000)
    """StepDrop: epochs between drops."""
    min_learning_rate: float = Field(default=0.0, ge=0.0, le=100.0)
    """The floor of step and cosine schedules."""
    weight_decay: float = Field(default=0.0, ge=0.0, le=10.0)
    """AdamW: decoupled; Adam and SGD: L2. Never on embedding tables and biases."""
    layer_rates: float = Field(default=1.0, gt=0.0, le=1.0)
    """Each layer learns at so much of the rate of the one above it (Howard & Ruder 2018); 1: all alike."""
    unfreeze: bool = False
    """The first epoch moves the last layer alone, each further one a layer more (Howard & Ruder 2018)."""
    clip: float = Field(default=1.0, ge=0.0, le=1e6)
    """Largest gradient norm; 0 switches clipping off."""
    patience: int = Field(default=0, ge=0, le=100_000)
    """Early stopping: epochs without a better validation score; 0 never (panels: 3). The best weights are kept."""
    monitor: Literal["val_loss", "val_accuracy"] = "val_loss"
    """What decides which epoch's weights are kept (language and series always use the loss)."""
    label_smoothing: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Share of the target spread evenly over the classes (Szegedy et al. 2016)."""
    class_weight: Literal["none", "balanced"] = "none"
    """balanced: each class weighs the same in the loss."""
    adversarial: float = Field(default=0.0, ge=0.0, le=1000.0)
    """Texts: length of the adversarial step on each text's vectors (Miyato et al. 2017); 0 switches it off."""
    virtual_adversarial: float = Field(default=0.0, ge=0.0, le=1000.0)
    """Texts without labels: length of the step that would change each answer most (Miyato et al. 2017); 0: none."""
    entropy: float = Field(default=0.0, ge=0.0, le=100.0)
    """Texts without labels: what their answers' entropy counts in the loss (Grandvalet & Bengio 2004); 0: nothing."""
    self_training: int = Field(default=1, ge=0, le=5)
    """Texts without labels, of stacks: rounds in which all judges learn from the answers of those before; 0: none."""
    adapt: Literal["auto", "always", "never"] = "auto"
    """Texts without labels, of stacks: whether the net reads them first; auto: a net from scratch does."""
    ema: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Decay per step of the exponential moving average of the weights that validation sees; 0 switches it off."""
    samples: int = Field(default=0, ge=0, le=1_000_000)
    """Language models: words drawn a step for the sampled softmax; 0 uses the full softmax."""
    steps: int = Field(default=70, ge=1, le=100_000)
    """Language models: tokens of truncated back-propagation through time."""
    streams: int = Field(default=32, ge=1, le=100_000)
    """Language models: parallel streams."""


class SeriesConfig(Frozen):
    """How a series becomes windows."""

    horizon: int = Field(default=1, ge=1, le=100_000)
    """Steps forecast."""
    window: int = Field(default=12, ge=1, le=100_000)
    """Past values the net reads."""
    season: int = Field(default=0, ge=0, le=100_000)
    """Steps of one season (12 for months); the seasonal naive rival and MASE use it, too. 0: found in the series."""
    longer_season: int = Field(default=0, ge=0, le=100_000)
    """Panels: steps of a longer season beside it (168 of hours), of which nets read what stood there. 0: found in the
    series; 1: none."""
    calendar: Literal["auto", "always", "never"] = "auto"
    """Panels with time stamps: whether hour, weekday and day of the year are read; auto: where steps are a day or
    shorter and a series has two years or more."""
    holidays: str = Field(default="", pattern=r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{1,6})?)?$")
    """Panels of days or finer: the country whose public holidays are known ahead, such as US or DE-BY; empty: none."""
    loss: Literal["pinball", "squared"] = "pinball"
    """Panels: squared: the forecast is a mean, not a median, and parts are weighed by squared errors."""
    scale: Literal["none", "standard", "minmax"] = "standard"
    """The scaler, fitted on the training part only."""
    difference: bool = False
    """Learn the differences between neighbouring values instead of the values."""
    log: bool = False
    """Learn the logarithm (positive values only)."""
    relative: bool = False
    """Subtract each window's last value from the window and its targets."""


class Settings(Frozen):
    """All choices of one run; `--set` reaches each of them as `part.key=value`, or as `key=value`."""

    text: TextConfig = TextConfig()
    net: NetConfig = NetConfig()
    training: TrainingConfig = TrainingConfig()
    series: SeriesConfig = SeriesConfig()

    def changed(self, changes: dict[str, Any]) -> Settings:
        """Return a copy with `key` or `part.key` set to plain values, everything checked again.

        Raises UsageError that names an unknown key and its nearest neighbours, or the field and what it allows.
        """
        # From plain values, so that all of it is checked again: a change may contradict what stood before.
        values = self.model_dump(mode="json")
        for key, value in changes.items():
            part, name = self._find(key)
            values[part][name] = list(value) if isinstance(value, tuple) else value
        return validated(Settings, values)

    def _find(self, key: str) -> tuple[str, str]:
        names = {part: list(type(getattr(self, part)).model_fields) for part in type(self).model_fields}
        part, _, name = key.rpartition(".")
        # A name alone is enough where only one group has it; two homes would be a guess.
        homes = [home for home in ([part] if part else names) if name in names.get(home, [])]
        if len(homes) != 1:
            every = [f"{home}.{field}" for home, fields in names.items() for field in fields]
            # With and without the group's name, as people write either.
            near = get_close_matches(key, [*every, *(field.split(".")[1] for field in every)], n=3)
            raise UsageError(f"unknown setting {key!r}", advice=f"did you mean {', '.join(near)}?" if near else "")
        return homes[0], name
