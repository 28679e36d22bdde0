"""The encoder: ids, truncation, its file, and that a text's ids do not depend on the texts beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.config import TextConfig
from recurra.errors import ArtefactError, DataError, UsageError
from recurra.text import encoder as encoder_file
from recurra.text import encoder as encoder_module
from recurra.text import tokenise as normalise
from recurra.text.encoder import TextEncoder, fit_encoder, pad, truncate
from recurra.text.stream import detokenise, stream_ids
from recurra.text.tokenise import tokenise
from recurra.text.vocabulary import build_vocabulary

TEXTS = ["The film isn't bad.", "Not a good film!", "the good, the bad"]
CONFIG = TextConfig(min_count=1, max_length=6)


def fitted(config: TextConfig = CONFIG) -> TextEncoder:
    """An encoder of the three texts."""
    return fit_encoder(TEXTS, config)


def test_ids_are_those_of_the_tokens() -> None:
    encoder = fitted()
    for text, ids in zip(TEXTS, encoder.encode(TEXTS), strict=True):
        assert ids.dtype == np.int32
        assert encoder.vocabulary.tokens(ids) == tokenise(text, CONFIG)


def test_an_empty_text_becomes_the_empty_token_and_says_so() -> None:
    encoded = fitted().encode_many(["", " \n<br />", "film"])
    assert [ids.tolist() for ids in encoded.ids[:2]] == [[2], [2]]
    assert encoded.empty.tolist() == [True, True, False]
    assert encoded.unk_rate.tolist() == [0, 0, 0]


def test_unknown_words_and_cut_tokens_are_counted() -> None:
    encoded = fitted().encode_many(["zebra quagga", "film zebra", "film " * 10])
    assert encoded.unk_rate.tolist() == [1.0, 0.5, 0.0]
    assert encoded.truncated.tolist() == [0, 0, 4]
    assert [len(ids) for ids in encoded.ids] == [2, 2, 6]


@pytest.mark.parametrize(
    ("end", "kept"), [("head", [0, 1, 2, 3, 4]), ("tail", [5, 6, 7, 8, 9]), ("head+tail", [0, 6, 7, 8, 9])]
)
def test_truncation_keeps_the_named_ends(end: Literal["head", "tail", "head+tail"], kept: list[int]) -> None:
    ids = np.arange(10, dtype=np.int32)
    assert truncate(ids, 5, end=end).tolist() == kept
    assert truncate(ids, 10, end=end) is ids
    assert len(truncate(ids, 1, end=end)) == 1
    with pytest.raises(UsageError, match="found 0; allowed: 1 or more"):
        truncate(ids, 0, end=end)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), max_size=6))
def test_a_texts_ids_do_not_depend_on_the_texts_beside_it(texts: list[str]) -> None:
    encoder = fitted()
    together = encoder.encode(texts)
    assert all(np.array_equal(ids, encoder.encode([text])[0]) for text, ids in zip(texts, together, strict=True))


def test_forgetting_pieces_changes_no_id(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [" ".join(f"word{number % 97}," for number in range(500))] * 3
    encoder = fit_encoder(texts, TextConfig(max_length=1000))
    remembered = encoder.encode(texts)
    monkeypatch.setattr(encoder_module, "REMEMBERED_PIECES", 5)
    monkeypatch.setattr(encoder_module, "REMEMBERED_LENGTH", 7)
    assert all(np.array_equal(old, new) for old, new in zip(remembered, encoder.encode(texts), strict=True))


def test_a_long_text_read_in_parts_has_the_same_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "The film isn't bad, it's good!! " * 50
    whole = fitted().encode_whole([text])[0]
    monkeypatch.setattr(normalise, "PART_CHARACTERS", 13)
    assert np.array_equal(fitted().encode_whole([text])[0], whole)
    assert fit_encoder([text], CONFIG) == fit_encoder([text], CONFIG)


@pytest.mark.timeout(60)
def test_ten_million_characters_are_encoded_without_looking_back() -> None:
    text = "a fine film, " * 770_000
    encoded = fitted().encode_many([text])
    assert encoded.truncated.tolist() == [770_000 * 4 - 6]


def test_the_same_encoder_gives_the_same_bytes_and_reads_back() -> None:
    data = fitted().to_json()
    assert data == fitted().to_json()
    assert TextEncoder.from_json(data) == fitted()
    assert data.startswith(b'{"format":1,"config":{')
    odd = TextEncoder(CONFIG, build_vocabulary({'"': 3, "\u2028": 2, "é\\": 1, "𝄞": 1}, max_words=10))
    assert TextEncoder.from_json(odd.to_json()) == odd


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    """The bytes of a tokeniser whose record was changed."""
    record = json.loads(fitted().to_json())
    change(record)
    return json.dumps(record).encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON"),
        (b"\xff{}", "not UTF-8"),
        (b"[" * 100_000, "tokenizer.json"),
        (b"[1]", "not a tokeniser"),
        (b'{"format":1,"format":1}', "twice"),
        (b'{"format":NaN}', "NaN"),
        (b"1" * 5000, "tokenizer.json"),
        (changed(lambda record: record.pop("words")), "not a tokeniser"),
        (changed(lambda record: record.update(extra=1)), "not a tokeniser"),
        (changed(lambda record: record.update(format=2)), "unknown format version; found 2; allowed: 1"),
        (changed(lambda record: record.update(format=True)), "unknown format version"),
        (changed(lambda record: record.update(words="abc")), "words a list"),
        (changed(lambda record: record["config"].update(max_length=0)), "config.max_length"),
        (changed(lambda record: record["config"].update(path="x")), "config.path"),
        (changed(lambda record: record["words"].append("film")), "comes twice; found 'film' 2 times"),
        (changed(lambda record: record["words"].pop(1)), "special words are missing"),
        (changed(lambda record: record["words"].append(["x"])), "no text"),
        (changed(lambda record: record["words"].append("\ud800")), "surrogate"),
    ],
)
def test_a_bad_file_is_refused_with_its_name(data: bytes, message: str) -> None:
    with pytest.raises(ArtefactError, match=message) as caught:
        TextEncoder.from_json(data)
    assert str(caught.value).startswith("tokenizer.json")


def test_a_file_above_the_cap_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_file, "MAX_BYTES", 20)
    with pytest.raises(ArtefactError, match="too large"):
        TextEncoder.from_json(b"x" * 21)
    with pytest.raises(ArtefactError, match="too large"):
        fitted().to_json()


def test_fifty_thousand_words_are_loaded_as_they_were_saved() -> None:
    counts = {f"word{number}": number + 1 for number in range(50_000)}
    encoder = TextEncoder(CONFIG, build_vocabulary(counts, max_words=50_000))
    assert TextEncoder.from_json(encoder.to_json()) == encoder


def test_a_bad_text_is_named_by_its_position() -> None:
    with pytest.raises(DataError, match="text 2: this is no text; found NoneType"):
        fitted().encode(["fine", None])  # type: ignore[list-item]
    with pytest.raises(UsageError, match="texts must be a list"):
        fitted().encode("film")


def test_padding_in_front_or_behind_keeps_the_lengths() -> None:
    sequences = [np.array([5, 6], np.int32), np.array([7], np.int32)]
    front, lengths = pad(sequences, 3)
    assert front.tolist() == [[0, 5, 6], [0, 0, 7]]
    assert front.dtype == np.int32
    assert lengths.tolist() == [2, 1]
    assert pad(sequences, 3, where="back")[0].tolist() == [[5, 6, 0], [7, 0, 0]]
    assert pad([], 3)[0].shape == (0, 3)
    with pytest.raises(UsageError, match="found 2 ids in sequence 1; allowed: at most 1; truncate first"):
        pad(sequences, 1)


def test_a_language_stream_ends_every_text_with_eos_and_cuts_nothing() -> None:
    encoder = fit_encoder(TEXTS, CONFIG)
    tokens = encoder.vocabulary.tokens(stream_ids([*TEXTS, ""], encoder))
    expected = [token for text in TEXTS for token in [*tokenise(text, CONFIG), "<eos>"]]
    assert tokens == [*expected, "<eos>"]
    with pytest.raises(DataError, match="no text to model"):
        stream_ids([], encoder)


def test_characters_go_there_and_back() -> None:
    config = TextConfig(tokens="character", lowercase=False, min_count=1)
    encoder = fit_encoder(["First Citizen:\nSpeak, it’s <br />."], config)
    ids = encoder.encode_whole(["Citizen:\nit’s"])[0]
    assert detokenise(encoder.vocabulary.tokens(ids), config) == "Citizen:\nit’s"


def test_words_are_joined_to_readable_text() -> None:
    text = "it isn't (so) bad, he's 5%!\nend"
    tokens = [*tokenise("it isn't (so) bad, he's 5%!", CONFIG), "<eos>", "end"]
    assert detokenise(tokens, CONFIG) == text


@pytest.mark.skipif("RECURRA_DATA" not in os.environ, reason="RECURRA_DATA is not set")
def test_wikitext_2_has_its_published_counts() -> None:
    from recurra.text.stream import line_tokens, stream_vocabulary

    folder = Path(os.environ["RECURRA_DATA"]) / "wikitext-2"
    tokens = line_tokens((folder / "wiki.train.tokens").read_text(encoding="utf-8"))
    built = stream_vocabulary(tokens, TextConfig(min_count=1, lowercase=False))
    assert len(tokens) == 2_088_628
    assert len(built) == 33_278 + 2  # <pad> and <empty> beside the published 33,278
    held_out = line_tokens((folder / "wiki.test.tokens").read_text(encoding="utf-8"))
    assert len(held_out) == 241_211 + 4358
