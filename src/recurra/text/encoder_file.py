"""The file of an encoder, `tokenizer.json`: format version, text configuration and words, as deterministic bytes.

Not here: reading files (artefact.py checks size and hash, then hands over the bytes) and encoding.
"""

from __future__ import annotations

import json

from recurra.artefact.reading import parse_json
from recurra.config import TextConfig, validated
from recurra.errors import ArtefactError, Place, UsageError
from recurra.text.vocabulary import Vocabulary

FORMAT = 1

MAX_BYTES = 64 * 1024 * 1024
"""A larger file is refused before it is parsed."""

_PLACE = Place("tokenizer.json")


def encoder_to_json(config: TextConfig, vocabulary: Vocabulary) -> bytes:
    """Return UTF-8 JSON with one word a line; the same configuration and words give the same bytes.

    Raises ArtefactError above 64 MiB.
    """
    head = json.dumps({"format": FORMAT, "config": config.model_dump(mode="json")}, separators=(",", ":"))
    words = json.dumps(vocabulary.words, ensure_ascii=False, separators=(",\n", ":"))
    data = f'{head[:-1]},"words":\n{words}}}\n'.encode()
    _refuse_large(data)
    return data


def encoder_from_json(data: bytes) -> tuple[TextConfig, Vocabulary]:
    """Read what `encoder_to_json` wrote.

    Raises ArtefactError for bytes that are too many, not UTF-8 or not JSON, for unknown, missing or repeated keys,
    another format version, a configuration out of range, and words that `Vocabulary` refuses.
    """
    _refuse_large(data)
    record = parse_json(data, file=_PLACE.file)
    if not isinstance(record, dict) or set(record) != {"format", "config", "words"}:
        raise ArtefactError("not a tokeniser", place=_PLACE, allowed="an object with format, config and words")
    if type(record["format"]) is not int or record["format"] != FORMAT:
        found = repr(record["format"])[:60]
        raise ArtefactError("unknown format version", place=_PLACE, found=found, allowed=str(FORMAT))
    if not isinstance(record["words"], list) or not isinstance(record["config"], dict):
        raise ArtefactError("not a tokeniser", place=_PLACE, allowed="config an object, words a list")
    try:
        config = validated(TextConfig, record["config"])
    except UsageError as problem:
        raise ArtefactError(f"config.{problem}", place=_PLACE) from None
    try:
        return config, Vocabulary(tuple(record["words"]))
    except ArtefactError as problem:
        raise ArtefactError(str(problem), place=_PLACE) from None


def _refuse_large(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise ArtefactError("tokeniser too large", place=_PLACE, found=f"{len(data)} bytes", allowed=f"{MAX_BYTES}")
