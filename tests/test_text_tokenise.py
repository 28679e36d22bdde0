"""Tokenisers: what words are, that nothing is lost, and that time stays linear."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.config import TextConfig
from recurra.errors import DataError, UsageError
from recurra.text import tokenise as normalise
from recurra.text.tokenise import TOKENISERS, _any_word, count_tokens, straighten, tokenise, word_tokens

WORDS = TextConfig(tokens="word")
CASED = TextConfig(lowercase=False)
CHARACTERS = TextConfig(tokens="character", lowercase=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("I don't think so", "i do n't think so"),
        ("can't won't isn't DON'T", "ca n't wo n't is n't do n't"),
        ("it's we'll they've you're he'd I'm", "it 's we 'll they 've you 're he 'd i 'm"),
        ("don’t it´s", "do n't it 's"),
        ("'dumb' movie's", "' dumb ' movie 's"),
        ("n't the n'th", "n't the n ' th"),
        ("Good, bad... ugly -- or?!", "good , bad ... ugly -- or ? !"),
        ("costs 1,000.50 in 1990s, 10/10.", "costs 1,000.50 in 1990s , 10 / 10 ."),
        ("one<br /><br/>two<BR>three", "one two three"),
        ("well-known _so_", "well - known _ so _"),
        ("naïve café, МОСКВА", "naïve café , москва"),
        ("ภาษาไทย नमस्ते", "ภาษาไทย नमस्ते"),
        ("a\x1cb\u2028c\u00a0d", "a b c d"),
        ("", ""),
    ],
)
def test_words_are_cut_as_the_penn_treebank_and_glove_do(text: str, tokens: str) -> None:
    assert tokenise(text, WORDS) == tokens.split()


def test_lower_case_is_plain_and_cased_text_keeps_its_contractions() -> None:
    assert tokenise("İ ß ΟΔΟΣ", WORDS) == ["i\u0307", "ß", "οδος"]
    assert tokenise("DON'T He'LL", CASED) == ["DO", "N'T", "He", "'LL"]


@settings(max_examples=300, deadline=None)
@given(TEXTS.filter(lambda text: "<" not in text), st.sampled_from([WORDS, CASED]))
def test_every_character_but_white_space_is_in_exactly_one_token(text: str, config: TextConfig) -> None:
    whole = straighten(normalise.normalise(text, lowercase=config.lowercase))
    assert "".join(tokenise(text, config)) == "".join(whole.split())


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_composed_and_decomposed_text_give_the_same_tokens(text: str) -> None:
    composed, decomposed = unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)
    assert tokenise(composed, WORDS) == tokenise(decomposed, WORDS)


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(max_codepoint=126, min_codepoint=33), min_size=1, max_size=40))
def test_the_quick_pattern_for_ascii_agrees_with_the_one_for_all_scripts(piece: str) -> None:
    assert list(word_tokens(piece)) == _any_word().findall(piece)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_characters_are_lossless_after_normalising(text: str) -> None:
    assert "".join(tokenise(text, CHARACTERS)) == unicodedata.normalize("NFC", text)


def test_text_tokenised_beforehand_is_cut_at_white_space_only() -> None:
    assert TOKENISERS["space"].pieces("the <unk> @-@ ca n't") == ["the", "<unk>", "@-@", "ca", "n't"]
    assert TOKENISERS["space"].tokens("@-@") == ["@-@"]


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, max_size=5), st.sampled_from([WORDS, CHARACTERS]))
def test_counts_are_those_of_the_tokens_one_by_one(texts: list[str], config: TextConfig) -> None:
    counts = count_tokens(texts, config)
    tokens = [token for text in texts for token in tokenise(text, config)]
    assert counts.total() == len(tokens)
    assert all(counts[token] == tokens.count(token) for token in set(tokens))


def test_marks_beyond_thirty_in_a_row_are_dropped_before_normalising() -> None:
    marked = normalise.normalise("e" + "\u0323" * 400_000 + "x", lowercase=True)
    assert unicodedata.normalize("NFD", marked) == "e" + "\u0323" * 30 + "x"


@pytest.mark.parametrize(
    "text",
    [
        *("a" * 10**6, "ab!" * 300_000, "1," * 500_000, "n'" * 500_000, "don't" * 200_000, "é" * 10**6),
        *("a\u0323\u0301" * 300_000, "日本" * 500_000, "\u0301" * 400_000, "\ufdfa" * 10**6),
        *("<br" + " " * 10**6, "<br " * 250_000),
    ],
    ids=lambda text: ascii(text[:6]),
)
@pytest.mark.timeout(60)
def test_a_million_characters_of_anything_are_cut_without_looking_back(text: str) -> None:
    assert tokenise(text, WORDS)


def test_a_long_piece_without_white_space_is_cut_as_a_short_one_is() -> None:
    piece = "isn't,2.5!"
    assert tokenise(piece * 2_000, WORDS)[:5] == ["is", "n't", ",", "2.5", "!"]
    assert tokenise(piece * 2_000, WORDS) == tokenise(piece, WORDS) * 2_000


def test_parts_of_a_long_text_join_to_the_text_and_are_cut_at_white_space() -> None:
    text = "word and, " * 250_000 + "x" * 2_500_000
    some = list(normalise.text_parts(text))
    assert len(some) > 2
    assert "".join(some) == text
    assert all(part[0] == " " for part in some[1:])
    assert list(normalise.text_parts("")) == [""]


def test_a_lone_surrogate_is_refused_with_its_text_and_character() -> None:
    with pytest.raises(DataError, match=r"text 2: half a surrogate pair.*U\+D83D at character 4"):
        count_tokens(["fine", "bad\ud83d"], WORDS)


def test_what_is_no_text_and_a_single_text_are_refused() -> None:
    with pytest.raises(DataError, match="text 1: this is no text; found float"):
        count_tokens([float("nan")], WORDS)  # type: ignore[list-item]
    with pytest.raises(UsageError, match="texts must be a list"):
        count_tokens("one text", WORDS)


def test_a_text_that_is_too_long_is_refused_also_when_normalising_made_it_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normalise, "MAX_CHARACTERS", 10)
    with pytest.raises(DataError, match="text too long; found 11 characters; allowed: at most 10"):
        tokenise("a" * 11, WORDS)
    with pytest.raises(DataError, match="text too long; found 18 characters"):
        tokenise("\U0001d160" * 6, WORDS)  # a musical note that composed form writes as three


def test_emoji_flags_and_private_characters_pass() -> None:
    for text in ("👩‍👩‍👧", "🇫🇷🇩🇪", "\ue000\uffff\ufffd", "\u202eabc\u200b"):
        assert "".join(tokenise(text, WORDS)) == text
