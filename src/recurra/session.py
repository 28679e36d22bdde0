"""Sessions: a trained net reads on, one token or observation at a time, and answers after each; what it read is kept.

One more token costs one step, whatever came before. A whole input, its parts and its tokens one by one give the same
bits, alone or among other streams (with the native engine; without it the same to rounding).

Not here: how nets are stepped (nets/stepping.py), what can be read (session_items.py), and what a model's scores mean
(its head's run.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Self, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recurra.artefact import resolve
from recurra.config import Precision
from recurra.errors import UsageError
from recurra.layers.layer import Floats
from recurra.model import Model, load_any
from recurra.nets.stepping import NativeStreams, Steps, Streams, steps_of, streams_of
from recurra.session_file import checked_state, path_of, read_states, write_states
from recurra.session_items import refusing, require_language, require_room, require_unpadded, tokens_of
from recurra.tasks.heads.next_token.drawing import Drawing

MOST_MET, LONGEST_MET = 20_000, 40
"""Short texts whose tokens a session remembers."""
Item = str | int | ArrayLike
State = dict[str, NDArray[Any]]
"""The parts of a stream's state by name, and the `tokens` that it has read."""


class Reading:
    """A model and its streams: what a session and a pool share."""

    def __init__(self, model: Any, slots: int, precision: Precision | None) -> None:
        if precision is not None and precision not in get_args(Precision):
            raise UsageError("precision", found=repr(precision)[:60], allowed=", ".join(get_args(Precision)))
        self.model = _model_of(model).in_precision(precision)
        require_unpadded(self.model)
        if getattr(self.model.plan, "kind", "net") != "net":
            advice = "use forecast(), or a net of observations"
            raise UsageError("a forecaster reads a window of each series from its start", advice=advice)
        finish, sharpness = self.model.finish
        self._begin(steps_of(self.model.plan, self.model.tensors, finish=finish, sharpness=sharpness), None, slots)

    def _begin(self, steps: Steps, streams: Streams | None, slots: int) -> None:
        try:
            self._streams: Any = streams or streams_of(steps, slots)
        except MemoryError:
            raise UsageError("no memory for so many streams", found=f"{slots:,}", advice="keep fewer") from None
        self.outputs = len(self.model.answered(np.zeros((1, steps.outputs), np.float32))[0])
        """Numbers of an answer."""
        self.inputs = steps.inputs
        """Features of an observation, or of a token's vector."""
        self._steps, self._scores = steps, steps.outputs
        self._met: dict[tuple[str, bool], Any] = {}
        self._plain = type(self.model).answered is Model.answered
        self._reads_ids, self._reads_values = steps.each == 1, not steps.each
        # Types that are handed to the engine as they come; all others are checked first.
        quick = {np.ndarray} if self._reads_values else {int, np.int64, np.int32} if self._reads_ids else set()
        self._quick = quick if isinstance(self._streams, NativeStreams) else set[type]()

    def __reduce__(self) -> Any:
        """Raise UsageError: the engine's memory stays in its process, a state leaves it by `save`."""
        advice = "keep its state: state() or save(FILE), and restore it in a new one of the same model"
        raise UsageError(f"a {type(self).__name__} is not pickled", advice=advice)

    def __copy__(self) -> Self:
        """Return the same streams once more, which go on by themselves."""
        slots = self._streams.slots
        other = type(self).__new__(type(self))
        other.model = self.model
        other._begin(self._steps, self._streams.more(slots), slots)
        for part, mine in zip(other._streams.parts, self._streams.parts, strict=True):
            part[...] = mine
        other._streams.counts[...] = self._streams.counts
        return other

    def __deepcopy__(self, memory: dict[int, Any]) -> Self:
        """The weights of a trained model do not change, so that they are shared here too."""
        return self.__copy__()

    @property
    def names(self) -> tuple[str, ...]:
        """What each number of an answer stands for: labels, tags, tokens, targets; empty where they have no names."""
        names: tuple[str, ...] = self.model.answer_names
        return names

    @property
    def steps(self) -> Steps:
        """The net as it is stepped."""
        return self._steps

    @property
    def parts(self) -> dict[str, int]:
        """The parts of a stream's state, each with its columns."""
        return dict(self._steps.parts)

    def _read(self, tokens: Any, *, out: Any = None, every: bool, rows: int, **places: Any) -> Floats:
        # Before a state moves: an answer that has no place would be lost.
        if out is not None:
            require_room(out, (rows, self.outputs))
        given = {"ids": tokens} if self._steps.each else {"values": tokens}
        ready = self._plain and out is not None and out.dtype == np.float32 and out.flags.c_contiguous
        answers = out if ready else np.empty((rows, self._scores), np.float32)
        with refusing():
            self._streams.read(answers=answers, every=every, raw=False, **given, **places)
        told: Floats = answers if self._plain else self.model.answered(answers)
        if out is None or ready:
            return told
        out[...] = told
        return out  # type: ignore[no-any-return]

    def _ids_of(self, text: str, *, begins: bool) -> Any:
        """The tokens of a text, as rows of ids."""
        if self._reads_values:
            raise UsageError("this net reads observations", found="a text", allowed=f"arrays of {self.inputs} numbers")
        if (known := self._met.get((text, begins))) is not None:
            return known
        ids = self.model.ids_of(text, begins=begins)
        rows = np.ascontiguousarray(ids.reshape(len(ids), self._steps.each))
        # Words come again and again, and to cut one takes far longer than to read it.
        if len(text) <= LONGEST_MET:
            if len(self._met) >= MOST_MET:
                self._met.clear()
            self._met[text, begins] = rows
        return rows

    def _forget(self, slots: Any) -> None:
        with refusing():
            self._streams.reset(slots)

    def _copy(self, slot: int, other: Any, into: int) -> None:
        with refusing():
            self._streams.copy(slot, other, into)

    def _states(self, slots: Any) -> State:
        held = {
            name: part[slots].copy() for (name, _), part in zip(self._steps.parts, self._streams.parts, strict=True)
        }
        return {**held, "tokens": self._streams.counts[slots].copy()}

    def _restore(self, state: Mapping[str, Any], slots: Any) -> None:
        kind = self._streams.parts[0].dtype if self._streams.parts else np.dtype(np.float32)
        checked = checked_state(state, self._steps, np.shape(self._streams.counts[slots]), kind)
        for (name, _), part in zip(self._steps.parts, self._streams.parts, strict=True):
            part[slots] = checked[name]
        self._streams.counts[slots] = checked["tokens"]


class Session(Reading):
    """One stream that a trained model reads on.

    `model` is an estimator that was fitted or loaded, its `model_`, or the folder of a run or an artefact; `precision`
    answers in another than it learnt in. Raises UsageError for nets that need the end of a text before they can answer
    (both directions, attention, n-grams), with what to train instead, and for forecasters.

    >>> session = recurra.Session(recurra.load("runs/tickets"))  # doctest: +SKIP
    >>> for word in ["where", "is", "my", "refund"]:  # doctest: +SKIP
    ...     print(session.names, session.push(word))
    """

    def __init__(self, model: Any, *, precision: Precision | None = None) -> None:
        """Begin a stream."""
        super().__init__(model, 1, precision)

    @property
    def tokens(self) -> int:
        """Tokens or observations read so far."""
        return int(self._streams.counts[0])

    def push(self, item: Item, *, out: NDArray[np.float32] | None = None) -> Floats:
        """Read a token id, a text or an observation (features,); return the answer after it: (outputs,) float32.

        The answer is an array of its own, or `out` (outputs,), and then nothing is allocated. Raises UsageError for
        what the net does not read, and for a text without tokens; the state then stays as it was.
        """
        # Of these types alone: others pass for a token (True) or for numbers that are there (masked ones).
        if self._plain and item.__class__ in self._quick:
            answer = np.empty(self.outputs, np.float32) if out is None else out
            try:
                if self._reads_values:
                    self._streams.push_values(item, answer, False)
                    return answer
                if self._streams.push_id(item, answer, False) < 0:
                    return answer
                self._streams.meet(item)
            except (TypeError, ValueError):
                # Not as the engine takes it: another type of number, or wrong, which is told below.
                pass
        return self._push(item, out)

    def _push(self, item: Any, out: Any) -> Floats:
        text = isinstance(item, str)
        tokens = self._ids_of(item, begins=not self.tokens) if text else tokens_of([item], self._steps)
        if text and len(tokens) == 1 and self._reads_ids:
            return self.push(int(tokens[0, 0]), out=out)
        if not len(tokens):
            raise UsageError("nothing to read", found=f"{item!r:.60}", allowed="a text with a token")
        if out is not None:
            require_room(out, (self.outputs,))
        ends, given = np.array([0, len(tokens)], np.int64), None if out is None else out[None]
        return self._read(tokens, out=given, every=False, rows=1, offsets=ends)[0]  # type: ignore[no-any-return]

    def push_many(self, items: Any, *, out: NDArray[np.float32] | None = None) -> Floats:
        """Read a text, token ids (tokens,) or observations (tokens, features); return each answer: (tokens, outputs).

        Raises UsageError as `push`.
        """
        tokens = (
            self._ids_of(items, begins=not self.tokens) if isinstance(items, str) else tokens_of(items, self._steps)
        )
        ends = {"offsets": np.array([0, len(tokens)], np.int64)} if len(tokens) else {}
        return self._read(tokens, out=out, every=True, rows=len(tokens), **ends)

    def sample(
        self,
        token: int,
        random: np.random.Generator,
        *,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
    ) -> int:
        """Read a token and draw the one after it, in one call: of language models. Returns its id, never `<unk>`'s.

        Raises UsageError for other models, what is no token, and choices as `LanguageModel.generate` does.
        """
        require_language(self.model)
        drawing = _drawing(temperature, top_k, top_p)
        with refusing():
            return self._streams.next(token, random.random(), drawing)  # type: ignore[no-any-return]

    def draw(
        self,
        answer: Floats,
        random: np.random.Generator,
        *,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
    ) -> int:
        """Draw a token by an answer (outputs,), as `sample` does, and read nothing. Raises UsageError as it does."""
        require_language(self.model)
        require_room(answer, (self.outputs,))
        with np.errstate(divide="ignore"), refusing():
            scores = np.ascontiguousarray(np.log(answer), np.float32)
            return self._streams.draw(scores, random.random(), _drawing(temperature, top_k, top_p))  # type: ignore[no-any-return]

    def reset(self) -> None:
        """Forget all that was read."""
        self._forget(np.zeros(1, np.int64))

    def fork(self) -> Self:
        """Return another session that goes on from here; the weights are shared, the state is its own."""
        return self.__copy__()

    def state(self) -> State:
        """Return a copy of the state: each part (columns,) by name, and `tokens`, how many were read."""
        return self._states(0)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave; raises UsageError for parts of other names or sizes."""
        self._restore(state, 0)

    def save(self, file: str | Path) -> None:
        """Write the state to a file, with a mark of the model; raises RecurraError where it cannot be written."""
        write_states(path_of(file), self.state(), self._steps)

    def load(self, file: str | Path) -> None:
        """Go on from what `save` wrote; raises ArtefactError for another model's state or a damaged file."""
        self.restore(read_states(path_of(file), self._steps))


def _model_of(model: Any) -> Any:
    if isinstance(model, str | Path):
        return load_any(resolve(Path(model)))
    held = getattr(model, "model_", model)
    if not (hasattr(held, "plan") and hasattr(held, "tensors")):
        advice = "fit it first, or load it: recurra.load(FOLDER)"
        raise UsageError(
            "no trained model", found=type(model).__name__, allowed="an estimator or a folder", advice=advice
        )
    return held


@lru_cache(maxsize=64)
def _drawing(temperature: float, top_k: int, top_p: float) -> Drawing:
    return Drawing(temperature, top_k, top_p)
