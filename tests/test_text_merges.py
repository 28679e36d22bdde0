"""Byte pair encoding: what is learnt, how it is applied, the library's answer, and language models of pieces."""

from __future__ import annotations

import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from command_line import recurra, refused
from recurra.config import TextConfig
from recurra.datasets.known.synthetic import synthetic_reviews
from recurra.errors import DataError, UsageError
from recurra.estimators.language import LanguageModel
from recurra.text.encoder import TextEncoder, fit_encoder
from recurra.text.merges import joined, learn_pieces
from recurra.text.stream import detokenise
from recurra.text.tokenise import spaced_parts
from recurra.text.vocabulary import SPECIAL_WORDS

PIECES = TextConfig(tokens="bpe", min_count=1, max_words=300)
TEXTS = synthetic_reviews("train", count=200)[0]


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return fit_encoder(TEXTS, PIECES)


def parts_of(texts: list[str]) -> Counter[str]:
    return Counter(part for text in texts for word in text.lower().split() for part in spaced_parts(word))


def by_hand(counts: dict[str, int], most: int) -> list[str]:
    """The plain algorithm of Sennrich et al. 2016: all pairs counted anew before each step."""
    split = {part: [*part] for part in counts}
    letters = {letter: sum(part.count(letter) * n for part, n in counts.items()) for letter in "".join(counts)}
    pieces = sorted(letters, key=lambda letter: -letters[letter])
    while len(pieces) < most:
        pairs: Counter[tuple[str, str]] = Counter()
        for part, now in split.items():
            for pair in pairwise(now):
                pairs[pair] += counts[part]
        best, count = min(pairs.items(), key=lambda item: (-item[1], item[0]), default=(("", ""), 0))
        if count < 2:
            break
        pieces += [] if "".join(best) in pieces else ["".join(best)]
        for part, now in split.items():
            after: list[str] = []
            for piece in now:
                after.append(piece)
                if tuple(after[-2:]) == best:
                    after[-2:] = ["".join(best)]
            split[part] = after
    return pieces


def test_pieces_are_those_of_the_plain_algorithm() -> None:
    counts = parts_of(TEXTS[:40])
    assert list(learn_pieces(counts, most=150, min_count=1).words[4:]) == by_hand(counts, 150)
    repeated = {" aaaa": 3, " aaab": 2, " baa": 2}
    assert list(learn_pieces(repeated, most=20, min_count=1).words[4:]) == by_hand(repeated, 20)


def test_texts_come_back_whole_and_in_fewer_tokens(encoder: TextEncoder) -> None:
    for text in TEXTS[:20]:
        ids = encoder.encode_whole([text])[0]
        assert detokenise(encoder.vocabulary.tokens(ids), PIECES) == " ".join(text.lower().split())
        assert len(ids) < len(text) / 2
    assert detokenise([" a", "b", "<eos>", " c"], PIECES) == "ab\nc"


def test_an_unknown_letter_alone_is_lost(encoder: TextEncoder) -> None:
    tokens = encoder.vocabulary.tokens(encoder.encode_whole(["the ж film"])[0])
    assert tokens == [" the", " ", "<unk>", " film"]
    # The letters of a special word are a text like any other.
    assert 3 not in encoder.encode_whole(["<eos>"])[0].tolist()
    long = encoder.encode_whole(["film" * 5_000])[0]
    assert 5_000 <= len(long) < 20_000 and 1 not in long.tolist()


def test_a_saved_encoder_encodes_alike(encoder: TextEncoder) -> None:
    again = TextEncoder.from_json(encoder.to_json())
    assert all((a == b).all() for a, b in zip(again.encode(TEXTS), encoder.encode(TEXTS), strict=True))


def test_the_library_tokenizers_cuts_the_same_pieces(encoder: TextEncoder) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    ranks, words = encoder.vocabulary.index, encoder.vocabulary.words
    merges = []
    for piece in words[len(SPECIAL_WORDS) :]:
        if len(piece) > 1:
            # The pair that a piece was joined of is what pieces before it leave of its letters.
            lower = {word: place for word, place in ranks.items() if place < ranks[piece]}
            left, right = joined(piece, lower)
            merges.append((words[left], words[right]))
    model = tokenizers.models.BPE(vocab=ranks, merges=merges, unk_token="<unk>", fuse_unk=False)
    other = tokenizers.Tokenizer(model)
    seen = parts_of(synthetic_reviews("test", count=300)[0])
    for part in [*seen, " жx", " ", " aaaaaaaa", " thethethe", " un-film's"]:
        assert tuple(other.encode(part).ids) == joined(part, ranks), part


def test_a_language_model_of_pieces_goes_through_every_door(tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_text("\n".join(TEXTS), "utf-8")
    small = [f"--set={part}" for part in ("hidden=6", "embedding_size=4", "streams=4", "max_words=90", "epochs=1")]
    done = recurra("fit", "language", file, "--tokens", "bpe", *small, "--out", tmp_path / "run", "--json")
    assert done.code == 0, done.err
    assert done.json()["evaluation"]["bits_per_byte"] > 0
    told = recurra("evaluate", tmp_path / "run", file, "--json").json()
    read = len("\n".join(" ".join(text.split()) for text in TEXTS)) + 1
    # Of the first word one piece at least is not scored; no review begins with more than ten letters.
    assert told["loss"] * told["tokens"] / told["bits_per_byte"] / 0.6931472 == pytest.approx(read, abs=10)
    assert recurra("generate", tmp_path / "run", "the fi", "--tokens", 9).out.strip()
    scores = recurra("score", tmp_path / "run", TEXTS[0], "--json").json()["tokens"]
    assert detokenise([one["token"] for one in scores], PIECES) == f"{' '.join(TEXTS[0].lower().split())}\n"


def test_pieces_are_refused_where_they_mean_nothing(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("text,label\n" + "".join(f"a {word} film,{word}\n" for word in ("good", "bad") * 20))
    for task in ("text", "tags"):
        asked = ("fit", task, rows, "--set", "tokens=bpe", "--out", tmp_path / "x")
        told = f"text.tokens=bpe is not read here; found task {task}; allowed: task language"
        refused(recurra(*asked), 2, told)
    with pytest.raises(UsageError, match="vectors with tokens=bpe"):
        LanguageModel(tokens="bpe", vectors=rows).fit(TEXTS)
    with pytest.raises(DataError, match="no letter is seen 2 times"):
        learn_pieces({" a": 1}, most=10, min_count=2)


def test_answers_about_words_load_no_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "recurra.text.merges", None)
    assert fit_encoder(TEXTS, TextConfig()).encode(TEXTS[:1])
