"""Encodings: their names, byte order marks, and what to advise where bytes do not fit.

Not here: decoding lines (lines.py), and traces of a wrong encoding in texts (doubts.py).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import chain

from recurra.datasets.sources import Readable, name_of, read_chunks
from recurra.errors import DataError, Place, UsageError

# Byte order marks and the encodings they go with; those of UTF-32 come first because UTF-16's is how they begin.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32", "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8", "utf-8"),
)

# Encodings of European texts, likeliest first; Latin-1 is a part of cp1252.
SINGLE = ("cp1252", "cp1250", "mac-roman", "cp850")
# Encodings of other scripts; those of several bytes a letter come first, because they seldom fit by chance.
OTHER = ("gb18030", "shift_jis", "euc_kr", "big5", "cp1251", "koi8-r")


_TOGETHER = re.compile(rb"[\x80-\xff]{2,}")


def text_codec(encoding: str) -> str:
    """Return the normal name of a text encoding; raise UsageError for one that Python does not know."""
    try:
        name = codecs.lookup(encoding).name
        # Codecs such as base64 are known by name too, but make no text: encoding fails for them.
        "".encode(name)
    except (LookupError, ValueError):
        raise UsageError(
            "unknown encoding", found=repr(encoding), allowed="utf-8, utf-16, cp1252, latin-1, …"
        ) from None
    return "utf-8" if name == "utf-8-sig" else name


def splits_as_bytes(codec: str) -> bool:
    """Tell whether line ends can be seen in the undecoded bytes: in UTF-8, Latin-1 and most others, not in UTF-16."""
    # UTF-7 writes line ends plainly or escaped, so that cutting at plain ones would lose the others.
    return codec not in ("utf-7", "raw-unicode-escape") and "\r\n".encode(codec) == b"\r\n"


def carries_on(codec: str) -> bool:
    """Tell whether what a byte means may hang on the line above it, so that each line must be decoded on its own."""
    return codec.startswith(("iso2022", "hz"))


def wide_codec(data: bytes) -> str:
    """Return utf-16-le or utf-16-be when every second byte of most characters is zero, else an empty text."""
    zeros = data.count(0)
    # Western text in UTF-16 is half zeros; a quarter leaves room for letters of other scripts among it.
    if zeros * 4 < len(data) or not zeros:
        return ""
    # The zero is the higher byte of a Latin letter; on which side it stands tells the order of bytes.
    return "utf-16-le" if data[1::2].count(0) >= data[::2].count(0) else "utf-16-be"


def advised(data: bytes, codec: str, *, above: bool = False) -> str:
    """Say which encoding a line's bytes may be in, since they are not in `codec`; the likeliest comes first.

    `above`: the lines above hold letters beyond ASCII that were read well.
    """
    if codec != "utf-8":
        return "check --encoding"
    if wide := wide_codec(data):
        return f"pass --encoding {wide}"
    # How many bytes above ASCII the line has, and how many of them are good UTF-8.
    high, read = _high(data), _high(data.decode("utf-8", "ignore").encode())
    # A file that is UTF-8 elsewhere has a damaged byte, and another encoding would spoil the good lines.
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


def unmarked_bytes(source: Readable, *, encoding: str) -> tuple[Iterator[bytes], str]:
    """Return the bytes of a file without a byte order mark, and the codec they are in.

    Where line ends are not plain bytes (UTF-16) they come out as UTF-8. Raises UsageError for an unknown encoding, and
    while they are read DataError where a byte order mark, or the zero bytes of UTF-16, say otherwise.
    """
    codec = text_codec(encoding)
    return _unmarked(source, codec), codec if splits_as_bytes(codec) else "utf-8"


def _unmarked(source: Readable, codec: str) -> Iterator[bytes]:
    chunks = read_chunks(source)
    first = next(chunks, b"")
    place = Place(name_of(source), 1)
    marked = _check_mark(first, place, codec)
    if splits_as_bytes(codec):
        # A mark that stayed would be part of the first column's name, which nobody could then ask for.
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from chunks
        return
    if first and not marked:
        _check_zeros(first, place, codec)
    yield from _recoded(first, chunks, codec=codec, file=place.file)


def _check_mark(first: bytes, place: Place, codec: str) -> bool:
    """Tell whether a byte order mark stands at the start; it must go with the encoding."""
    names = next((names for mark, *names in MARKS if first.startswith(mark)), None)
    if names is None or codec in names:
        return names is not None
    raise DataError(
        f"not {codec.upper()}: the byte order mark of {names[0].upper()} stands at its start",
        place=place,
        advice=f"pass --encoding {names[0]}",
    )


def _check_zeros(first: bytes, place: Place, codec: str) -> None:
    """Refuse as UTF-16 what has no zero byte (UTF-8 would come out as Chinese), or has them on the other side."""
    if not codec.startswith(("utf-16", "utf-32")):
        return
    wide = wide_codec(first)
    if 0 not in first:
        wrong, advice = "no byte is zero", "leave --encoding out"
    elif codec in ("utf-16", "utf-32"):
        wrong, advice = "no byte order mark stands at its start", f"pass --encoding {wide or codec + '-le'}"
    elif codec.startswith("utf-16") and wide and wide != codec:
        wrong, advice = "the zero bytes stand otherwise", f"pass --encoding {wide}"
    else:
        return
    raise DataError(f"not {codec.upper()}: {wrong}", place=place, advice=advice)


def _recoded(first: bytes, chunks: Iterator[bytes], *, codec: str, file: str) -> Iterator[bytes]:
    """Decode as a stream and encode as UTF-8; a fault ends the reading, since the next character cannot be found."""
    decoder = codecs.getincrementaldecoder(codec)()
    offset = 0
    # An empty chunk ends the reading; nothing else is waited for, so that a pipe is answered as it speaks.
    for chunk in chain([first], chunks, [b""]):
        try:
            # Bytes that wait for the rest of their character stand before this chunk, and count for the place.
            pending = len(decoder.getstate()[0])
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeError as problem:
            at = offset - pending + getattr(problem, "start", 0)
            raise DataError(f"not {codec} at byte {at:,}", place=Place(file), advice="check --encoding") from None
        yield (text.removeprefix("\ufeff") if offset == 0 else text).encode("utf-8", "surrogatepass")
        offset += len(chunk)
