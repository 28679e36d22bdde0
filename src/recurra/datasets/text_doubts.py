"""What is doubtful in texts and labels: empty ones, words for missing, traces of a wrong encoding.

Not here: what is refused (text_batches.py).
"""

from __future__ import annotations

from collections.abc import Iterable

from recurra.datasets.encodings import Traces
from recurra.datasets.missing import is_missing


class Doubts:
    """What is doubtful in texts, counted while they are read."""

    def __init__(self, encoding: str) -> None:
        """Begin without any; `encoding` is that of the file."""
        self._encoding = encoding
        self._traces = Traces(encoding)
        self._empty = self._missing = 0
        self._example = ""

    def see(self, texts: list[str]) -> None:
        """Take some texts into account."""
        self._empty += sum(not text or text.isspace() for text in texts)
        missing = [text for text in texts if is_missing(text) and text.strip()]
        self._missing += len(missing)
        self._example = self._example or "".join(missing[:1])
        self._traces.see(texts)

    def told(self, labels: Iterable[str] = ()) -> list[str]:
        """Return warnings with counts; `labels` are the distinct ones beside the texts."""
        named = Traces(self._encoding, what="labels")
        named.see(labels)
        words = f"{self._missing:,} texts are words for missing, such as {self._example!r}; they are read as texts"
        return [
            *([f"{self._empty:,} texts are empty; they are kept"] if self._empty else []),
            *([words] if self._missing else []),
            *self._traces.replaced(),
            *named.replaced(),
            *self._traces.doubtful(),
            *named.doubtful(),
        ]
