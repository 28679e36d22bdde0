"""The vocabulary: order, unknown words, and what it refuses."""

from __future__ import annotations

import random

import numpy as np
import pytest

from recurra.config import TextConfig
from recurra.errors import ArtefactError, DataError
from recurra.text import vocabulary
from recurra.text.encoder import TextEncoder
from recurra.text.stream import line_tokens, stream_vocabulary
from recurra.text.tokenise import count_tokens
from recurra.text.vocabulary import SPECIAL_WORDS, Vocabulary, build_vocabulary


def test_words_come_by_count_then_by_alphabet_after_the_special_ones() -> None:
    built = build_vocabulary([["b", "a", "c"], ["c", "d", "a"], ["c"]], max_words=3)
    assert built.words == (*SPECIAL_WORDS, "c", "a", "b")
    assert len(built) == 7


def test_the_order_of_the_texts_does_not_matter() -> None:
    lists = [[f"w{number % 7}", f"v{number % 5}"] for number in range(50)]
    shuffled = random.Random(0).sample(lists, len(lists))
    assert build_vocabulary(lists, max_words=100) == build_vocabulary(shuffled, max_words=100)


def test_rare_words_are_left_out_and_none_left_is_an_error() -> None:
    assert build_vocabulary({"a": 2, "b": 1}, max_words=10, min_count=2).words[4:] == ("a",)
    with pytest.raises(DataError, match="no word is seen 3 times; found 2 distinct words; lower min_count"):
        build_vocabulary({"a": 2, "b": 1}, max_words=10, min_count=3)


def test_special_and_endless_words_take_no_place() -> None:
    built = build_vocabulary({"<unk>": 9, "<eos>": 8, "x" * 300: 7, "a": 1}, max_words=10)
    assert built.words == (*SPECIAL_WORDS, "a")


def test_unknown_words_get_the_id_of_unk_and_ids_read_back() -> None:
    built = build_vocabulary({"a": 2, "b": 1}, max_words=10)
    ids = built.ids(["b", "z", "a", "<unk>"])
    assert ids.dtype == np.int32
    assert ids.tolist() == [5, 1, 4, 1]
    assert built.tokens(ids) == ["b", "<unk>", "a", "<unk>"]
    with pytest.raises(DataError, match="no such word; found id -1; allowed: 0 to 5"):
        built.tokens([-1])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*SPECIAL_WORDS, "a", "a"), "comes twice; found 'a' 2 times"),
        (("<pad>", "a", "<empty>", "<eos>"), "special words are missing"),
        ((), "special words are missing; found no words"),
        ((*SPECIAL_WORDS, ""), "empty or too long"),
        ((*SPECIAL_WORDS, "x" * 257), "empty or too long"),
        ((*SPECIAL_WORDS, "\ud800"), "not valid Unicode"),
        ((*SPECIAL_WORDS, 7), "no text"),
    ],
)
def test_a_bad_list_of_words_is_refused(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(ArtefactError, match=message):
        Vocabulary(words)


def test_a_vocabulary_above_the_cap_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "MAX_WORDS", 6)
    assert len(build_vocabulary({"a": 1, "b": 1, "c": 1}, max_words=10)) == 6
    with pytest.raises(ArtefactError, match="vocabulary too large; found 7 words; allowed: at most 6"):
        Vocabulary((*SPECIAL_WORDS, "a", "b", "c"))


def test_lines_tokenised_beforehand_end_in_eos_and_keep_their_unk() -> None:
    tokens = line_tokens(" \n = Title = \n the <unk> sat")
    assert tokens == ["<eos>", "=", "Title", "=", "<eos>", "the", "<unk>", "sat", "<eos>"]
    built = stream_vocabulary(tokens, TextConfig(min_count=1))
    assert built.ids(tokens).tolist() == [3, 4, 5, 4, 3, 7, 1, 6, 3]
    assert line_tokens("") == []


@pytest.mark.timeout(60)
def test_two_million_tokens_become_ids() -> None:
    words = random.Random(0).choices([f"w{number}" for number in range(30_000)], k=2_000_000)
    text = "\n".join(" ".join(words[start : start + 50]) for start in range(0, len(words), 50))
    tokens = line_tokens(text)
    ids = stream_vocabulary(tokens, TextConfig(min_count=1)).ids(tokens)
    assert len(ids) == 2_040_000


SPELT = Vocabulary((*SPECIAL_WORDS, "play", "player", "un", "a", "##a", "##ing", "##er", "##s", "##play"))


@pytest.mark.parametrize(
    ("word", "pieces"),
    [
        ("play", ["play"]),
        ("playing", ["play", "##ing"]),
        # The longest from the left, and what is left of it in the same way.
        ("players", ["player", "##s"]),
        ("unplay", ["un", "##play"]),
        ("aa", ["a", "##a"]),
        # One letter that no piece has makes the whole word unknown.
        ("playx", ["<unk>"]),
        ("xplay", ["<unk>"]),
        ("a" * 65, ["<unk>"]),
    ],
)
def test_an_unknown_word_is_spelt_in_the_longest_pieces(word: str, pieces: list[str]) -> None:
    assert SPELT.has_pieces
    assert SPELT.tokens(SPELT.spell(word)) == pieces
    encoder = TextEncoder(TextConfig(), SPELT)
    assert SPELT.tokens(encoder.encode([word])[0].tolist()) == pieces


def test_words_alone_are_not_spelt() -> None:
    # `##` stands alone in a text: a vocabulary that was learnt from one can hold no piece.
    plain = build_vocabulary(count_tokens(["play ## ing #ing"], TextConfig()), max_words=10)
    assert not plain.has_pieces
    assert TextEncoder(TextConfig(), plain).encode(["playing"])[0].tolist() == [1]
