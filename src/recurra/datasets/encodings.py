"""Encodings: their names, what to advise where bytes do not fit, and what is doubtful in texts that were read.

Not here: decoding (lines.py), and what is refused (text_batches.py).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Sequence

from recurra.datasets.cells import is_missing
from recurra.errors import UsageError, printable

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
"""The Windows code page whose bytes 0x80 to 0x9f are letters and quotes where ISO 8859 has control characters."""

SINGLE = ("cp1252", "cp1250", "mac-roman", "cp850")
"""Encodings of European texts, likeliest first; Latin-1 is a part of cp1252."""
OTHER = ("gb18030", "shift_jis", "euc_kr", "big5", "cp1251", "koi8-r")
"""Encodings of other scripts; those of several bytes a letter come first, because they seldom fit by chance."""


_TOGETHER = re.compile(rb"[\x80-\xff]{2,}")


def text_codec(encoding: str) -> str:
    """Return the normal name of a text encoding; raise UsageError for one that Python does not know."""
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)
    except (LookupError, ValueError):
        raise UsageError(
            "unknown encoding", found=repr(encoding), allowed="utf-8, utf-16, cp1252, latin-1, …"
        ) from None
    return "utf-8" if name == "utf-8-sig" else name


def splits_as_bytes(codec: str) -> bool:
    """Tell whether line ends can be seen in the undecoded bytes: in UTF-8, Latin-1 and most others, not in UTF-16."""
    return codec not in ("utf-7", "raw-unicode-escape") and "\r\n".encode(codec) == b"\r\n"


def carries_on(codec: str) -> bool:
    """Tell whether what a byte means may hang on the line above it, so that each line must be decoded on its own."""
    return codec.startswith(("iso2022", "hz"))


def wide_codec(data: bytes) -> str:
    """Return utf-16-le or utf-16-be when every second byte of most characters is zero, else an empty text."""
    zeros = data.count(0)
    if zeros * 4 < len(data) or not zeros:
        return ""
    return "utf-16-le" if data[1::2].count(0) >= data[::2].count(0) else "utf-16-be"


def advised(data: bytes, codec: str, *, above: bool = False) -> str:
    """Say which encoding a line's bytes may be in, since they are not in `codec`; the likeliest comes first.

    `above`: the lines above hold letters beyond ASCII that were read well.
    """
    if codec != "utf-8":
        return "check --encoding"
    if wide := wide_codec(data):
        return f"pass --encoding {wide}"
    high, read = _high(data), _high(data.decode("utf-8", "ignore").encode())
    if above or 2 * read > high:
        return "what stands around it is UTF-8: mend the byte"
    # Letters of other scripts stand together; those of Western ones stand alone amid ASCII, as quotes do.
    together = sum(map(len, _TOGETHER.findall(data)))
    likely = [name for name in (OTHER if 2 * together > high else SINGLE) if _fits(data, name)]
    others = f" (or {', '.join(likely[1:3])})" if likely[1:] else ""
    return f"pass --encoding {likely[0]}{others}" if likely else "pass --encoding"


def _high(data: bytes) -> int:
    return sum(byte >= 0x80 for byte in data)


def _fits(data: bytes, codec: str) -> bool:
    try:
        data.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _bytes_of_characters() -> dict[int, int]:
    """Map what UTF-8's bytes from 0x80 on look like when read as cp1252 (or Latin-1) back to the bytes."""
    found = {byte: byte for byte in range(0x80, 0x100)}
    for byte in range(0x80, 0xA0):
        if _fits(bytes([byte]), "cp1252"):
            found[ord(bytes([byte]).decode("cp1252"))] = byte
    return found


_BYTES = _bytes_of_characters()
_TAIL = "[" + "".join(re.escape(chr(point)) for point, byte in _BYTES.items() if byte < 0xC0) + "]"
# After a capital the second one may well be a closing quote or dash.
_DOUBLED = re.compile(f"(?<![A-Z])[\u00c2-\u00df]{_TAIL}|[\u00e0-\u00ef]{_TAIL}{{2}}|[\u00f0-\u00f4]{_TAIL}{{3}}")
_CONTROLS = re.compile("[\x80-\x84\x86-\x9f]")
_ANY_CONTROLS = re.compile("[\x80-\x9f]")
_LIKELY = ((0xA0, 0x17F), (0x391, 0x3C9), (0x401, 0x451), (0x800, 0x10FFFF))
"""What a doubled character was before; others (É before » gives such a one) stand there by chance."""


def doubled(text: str) -> tuple[str, str] | None:
    """Return the first characters that are UTF-8 once read as cp1252 or Latin-1, and what they were; None: none are."""
    for match in _DOUBLED.finditer(text):
        try:
            meant = bytes(_BYTES[ord(character)] for character in match[0]).decode("utf-8")
        except UnicodeDecodeError:
            continue
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
            if text.isascii():
                continue
            self._replaced += "\ufffd" in text
            if (pair := doubled(text)) is not None:
                self._pair = self._pair if self._twice else pair
                self._twice += 1
            elif match := self._controls.search(text):
                self._character = self._character or match[0]
                self._control += 1

    def replaced(self) -> list[str]:
        """Warn of texts in which another program has put U+FFFD for what it could not decode."""
        return [f"{self._replaced:,} {self._what} hold U+FFFD: were they decoded wrongly?"] if self._replaced else []

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


def _twice(count: int, seen: str, meant: str, codec: str, what: str) -> str:
    why = "the file was read wrongly before it was written" if codec.startswith("utf") else "leave --encoding out"
    return f"{count:,} {what} look like UTF-8 read as cp1252, such as {printable(seen)!r} for {meant!r}: {why}"


def _control(count: int, character: str, codec: str, what: str) -> str:
    name = f"U+{ord(character):04X}"
    if codec.startswith("utf"):
        why = "cp1252 was read as Latin-1 before the file was written"
    else:
        why = f"pass --encoding {WINDOWS.get(codec, 'cp1252')}, where these bytes are letters and quotes"
    return f"{count:,} {what} hold control characters such as {name}: {why}"


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
        missing = [text for text in texts if is_missing(text) and text.strip()]
        self._missing += len(missing)
        self._example = self._example or "".join(missing[:1])
        self._texts.see(texts)
        new = dict.fromkeys(label for label in labels if label not in self._known)
        self._known.update(new)
        self._labels.see(new)

    def told(self) -> list[str]:
        """Return warnings with counts."""
        words = f"{self._missing:,} texts are words for missing, such as {self._example!r}; they are read as texts"
        return [
            *([f"{self._empty:,} texts are empty; they are kept"] if self._empty else []),
            *([words] if self._missing else []),
            *self._texts.replaced(),
            *self._labels.replaced(),
            *self._texts.doubtful(),
            *self._labels.doubtful(),
        ]
