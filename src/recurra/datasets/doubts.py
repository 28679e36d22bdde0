"""What is doubtful in texts that were read: traces of a wrong encoding, empty texts, words for missing.

Not here: what is refused (texts.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from recurra.datasets.encodings import text_codec
from recurra.datasets.labels import is_missing
from recurra.errors import counted, printable

# The Windows code page whose bytes 0x80 to 0x9f are letters and quotes where ISO 8859 has control characters.
WINDOWS = {
    "iso8859-1": "cp1252",
    "iso8859-2": "cp1250",
    "iso8859-5": "cp1251",
    "iso8859-7": "cp1253",
    "iso8859-8": "cp1255",
    "iso8859-9": "cp1254",
    "iso8859-6": "cp1256",
    "iso8859-13": "cp1257",
    "iso8859-15": "cp1252",
}

# What UTF-8's bytes from 0x80 on look like when they are read as Latin-1 or as cp1252, and the bytes.
_BYTES = {byte: byte for byte in range(0x80, 0x100)} | {
    ord(seen): byte for byte in range(0x80, 0xA0) if (seen := bytes([byte]).decode("cp1252", "ignore"))
}
_TAIL = "[" + "".join(re.escape(chr(point)) for point, byte in _BYTES.items() if byte < 0xC0) + "]"
# After a capital the second one may well be a closing quote or dash.
_DOUBLED = re.compile(f"(?<![A-Z])[\u00c2-\u00df]{_TAIL}|[\u00e0-\u00ef]{_TAIL}{{2}}|[\u00f0-\u00f4]{_TAIL}{{3}}")
_CONTROLS = re.compile("[\x80-\x84\x86-\x9f]")
_ANY_CONTROLS = re.compile("[\x80-\x9f]")
# What a doubled character was before; others (É before » gives such a one) stand there by chance.
_LIKELY = ((0xA0, 0x17F), (0x391, 0x3C9), (0x401, 0x451), (0x800, 0x10FFFF))


def doubled(text: str) -> tuple[str, str] | None:
    """Return the first characters that are UTF-8 once read as cp1252 or Latin-1, and what they were; None: none are."""
    for match in _DOUBLED.finditer(text):
        try:
            meant = bytes(_BYTES[ord(character)] for character in match[0]).decode("utf-8")
        except UnicodeDecodeError:
            continue
        # Only letters count as meant; other marks come together by chance.
        if any(low <= ord(meant) <= high for low, high in _LIKELY):
            return match[0], meant
    return None


class Traces:
    """The traces of a wrong encoding in texts, counted while they are read."""

    def __init__(self, encoding: str, *, what: str = "texts") -> None:
        """Begin without any; `encoding` is the one in which the texts were read, `what` they are called."""
        self._codec, self._what = text_codec(encoding), what
        # U+0085 is a line end of old, and in cp1252 an ellipsis.
        self._controls = _CONTROLS if self._codec.startswith("utf") else _ANY_CONTROLS
        self._replaced = self._twice = self._control = 0
        self._pair, self._character = ("", ""), ""

    def see(self, texts: Iterable[str]) -> None:
        """Take some texts into account."""
        for text in texts:
            # Most texts are, and none of the traces is: a cheap test saves the search.
            if text.isascii():
                continue
            self._replaced += "\ufffd" in text
            if (pair := doubled(text)) is not None:
                # The first example is told, with the count of all.
                self._pair = self._pair if self._twice else pair
                self._twice += 1
            elif match := self._controls.search(text):
                self._character = self._character or match[0]
                self._control += 1

    def replaced(self) -> list[str]:
        """Warn of texts in which another program has put U+FFFD for what it could not decode."""
        told = _verb(self._replaced, self._what, "hold")
        return (
            [f"{told} U+FFFD: {'was it' if self._replaced == 1 else 'were they'} decoded wrongly?"]
            if self._replaced
            else []
        )

    def doubtful(self) -> list[str]:
        """Warn of doubled UTF-8 and of control characters."""
        return [
            *([_twice(self._twice, *self._pair, self._codec, self._what)] if self._twice else []),
            *([_control(self._control, self._character, self._codec, self._what)] if self._control else []),
        ]


def doubtful_characters(texts: Iterable[str], *, encoding: str, what: str = "texts") -> list[str]:
    """Warn, with counts, of texts that a wrong encoding has touched: doubled UTF-8 and control characters."""
    traces = Traces(encoding, what=what)
    traces.see(texts)
    return traces.doubtful()


def _verb(count: int, what: str, verb: str) -> str:
    return counted(count, f"{what.removesuffix('s')} {verb}s", f"{what} {verb}")


def _twice(count: int, seen: str, meant: str, codec: str, what: str) -> str:
    why = "the file was read wrongly before it was written" if codec.startswith("utf") else "leave --encoding out"
    return f"{_verb(count, what, 'look')} like UTF-8 read as cp1252, such as {printable(seen)!r} for {meant!r}: {why}"


def _control(count: int, character: str, codec: str, what: str) -> str:
    name = f"U+{ord(character):04X}"
    if codec.startswith("utf"):
        why = "cp1252 was read as Latin-1 before the file was written"
    else:
        why = f"pass --encoding {WINDOWS.get(codec, 'cp1252')}, where these bytes are letters and quotes"
    return f"{_verb(count, what, 'hold')} control characters such as {name}: {why}"


class Doubts:
    """What is doubtful in texts, counted while they are read."""

    def __init__(self, encoding: str) -> None:
        """Begin without any; `encoding` is that of the file."""
        self._texts, self._labels = Traces(encoding), Traces(encoding, what="labels")
        self._known: set[str] = set()
        self._empty = self._missing = 0
        self._example = ""

    def see(self, texts: Sequence[str], labels: Iterable[str]) -> None:
        """Take some texts into account, and the distinct labels among theirs."""
        self._empty += sum(not text or text.isspace() for text in texts)
        # A blank text is told as empty already.
        missing = [text for text in texts if is_missing(text) and text.strip()]
        self._missing += len(missing)
        self._example = self._example or "".join(missing[:1])
        self._texts.see(texts)
        # Labels come in each row again; each distinct one is looked at once, in order of appearance.
        new = dict.fromkeys(label for label in labels if label not in self._known)
        self._known.update(new)
        self._labels.see(new)

    def told(self) -> list[str]:
        """Return warnings with counts."""
        words = counted(self._missing, "text is a word", "texts are words")
        read = "it is read as a text" if self._missing == 1 else "they are read as texts"
        words += f" for missing, such as {self._example!r}; {read}"
        return [
            *(
                [f"{counted(self._empty, 'text is empty; it is', 'texts are empty; they are')} kept"]
                if self._empty
                else []
            ),
            *([words] if self._missing else []),
            *self._texts.replaced(),
            *self._labels.replaced(),
            *self._texts.doubtful(),
            *self._labels.doubtful(),
        ]
