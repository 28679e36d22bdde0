"""Word vectors: every format gives the same matrix, and a damaged file is told with its line or byte."""

from __future__ import annotations

import gzip
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from recurra.errors import DataError, UsageError
from recurra.text.vectors import Vectors, load_vectors, neighbours
from recurra.text.vocabulary import Vocabulary, build_vocabulary

ROWS = {"the": [0.5, -1.0, 2.0], "film": [1.5, 0.25, -0.75], "unused": [9.0, 9.0, 9.0], "good": [1.5, 0.3, -0.7]}
WORDS = build_vocabulary({"the": 9, "film": 5, "good": 3, "zebra": 1}, max_words=10)


def text_of(rows: dict[str, list[float]], *, header: bool = False, end: str = "\n") -> bytes:
    """The rows as GloVe (without header) or word2vec and fastText (with header) write them."""
    lines = [f"{word} {' '.join(map(str, values))}" for word, values in rows.items()]
    return (end.join([f"{len(rows)} 3"] * header + lines) + end).encode()


def binary_of(rows: dict[str, list[float]], *, feed: bytes = b"\n") -> bytes:
    """The rows as word2vec binary."""
    body = b"".join(word.encode() + b" " + struct.pack("<3f", *values) + feed for word, values in rows.items())
    return f"{len(rows)} 3\n".encode() + body


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    """A zip of the members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def written(folder: Path, name: str, data: bytes) -> Path:
    """A file with these bytes."""
    (folder / name).write_bytes(data)
    return folder / name


def check(vectors: Vectors) -> None:
    """All that is known of the four words."""
    assert vectors.matrix.dtype == np.float32
    assert vectors.matrix.shape == (8, 3)
    assert vectors.found.tolist() == [False] * 4 + [True, True, True, False]
    for word in ("the", "film", "good"):
        assert np.array_equal(vectors.matrix[WORDS.index[word]], np.array(ROWS[word], np.float32))
    assert vectors.coverage == 0.75
    assert not vectors.matrix[0].any()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("glove.txt", text_of(ROWS)),
        ("no_final_newline.txt", text_of(ROWS)[:-1]),
        ("bom.txt", b"\xef\xbb\xbf" + text_of(ROWS)),
        ("windows.txt", text_of(ROWS, end="\r\n")),
        ("trailing_space.txt", text_of(ROWS, header=True, end=" \n")),
        ("fasttext.vec", text_of(ROWS, header=True)),
        ("glove.txt.gz", gzip.compress(text_of(ROWS), mtime=0)),
        ("word2vec.bin", binary_of(ROWS)),
        ("no_feeds.bin", binary_of(ROWS, feed=b"")),
        ("word2vec.bin.gz", gzip.compress(binary_of(ROWS), mtime=0)),
    ],
)
def test_every_format_gives_the_same_vectors(tmp_path: Path, name: str, data: bytes) -> None:
    check(load_vectors(written(tmp_path, name, data), WORDS))


def test_a_zip_member_is_picked_by_dimension_by_name_or_because_it_is_alone(tmp_path: Path) -> None:
    wide = b"the 1 2 3 4 5\n"
    many = zipped(tmp_path / "many.zip", {"glove.6B.3d.txt": text_of(ROWS), "glove.6B.5d.txt": wide})
    check(load_vectors(many, WORDS, dimension=3))
    assert load_vectors(many, WORDS, member="glove.6B.5d.txt").size == 5
    check(load_vectors(zipped(tmp_path / "one.zip", {"any.txt": text_of(ROWS)}), WORDS))
    with pytest.raises(DataError, match=r"which member.*found glove.6B.3d.txt, glove.6B.5d.txt"):
        load_vectors(many, WORDS)
    with pytest.raises(DataError, match="which member"):
        load_vectors(many, WORDS, dimension=50)


def test_words_without_a_vector_are_drawn_with_the_same_deviation_and_seed(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    known = {f"k{number}": random.normal(0, 0.4, 50).round(4).tolist() for number in range(200)}
    words = build_vocabulary({**dict.fromkeys(known, 2), **{f"u{number}": 1 for number in range(200)}}, max_words=999)
    path = written(tmp_path, "v.txt", text_of(known))
    vectors = load_vectors(path, words, seed=3)
    drawn = vectors.matrix[~vectors.found][3:]
    assert abs(vectors.deviation - 0.4) < 0.01
    assert abs(drawn.std() - vectors.deviation) < 0.01
    assert np.array_equal(vectors.matrix, load_vectors(path, words, seed=3).matrix)
    assert not np.array_equal(vectors.matrix, load_vectors(path, words, seed=4).matrix)


def test_token_coverage_weighs_each_word_by_its_count(tmp_path: Path) -> None:
    vectors = load_vectors(written(tmp_path, "v.txt", text_of(ROWS)), WORDS)
    assert vectors.token_coverage({"the": 6, "film": 2, "zebra": 1, "outside": 1}) == 0.8
    assert vectors.token_coverage({}) == 0


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("v.txt", b"", "v.txt:1: no vector in this line"),
        ("v.txt", b"the\n", "v.txt:1: bad dimension; found 0"),
        ("v.txt", b"the 1 2\nfilm 1\n", "v.txt:2: a row of another width; found 1 values; allowed: 2 values"),
        ("v.txt", b"the 1 2\nfilm 1 2 3\n", "v.txt:2: a row of another width; found 3 values"),
        ("v.txt", b"the 1 2\n\nfilm 1 2\n", "v.txt:2: no vector in this line"),
        ("v.txt", b"the 1 nan\n", "v.txt:1: a value is not finite; found nan as value 2"),
        ("v.txt", b"the 1 1e400\n", "v.txt:1: a value is not finite"),
        ("v.txt", b"the 1 1e39\n", "v.txt:1: a value is not finite"),
        ("v.txt", b"the 1 x\n", "v.txt:1: a value is no number"),
        ("v.txt", b"the 1 2\nthe 1 2\n", "v.txt:2: a word comes twice; found 'the'"),
        ("v.txt", b"die 1 2\n", "no vocabulary word has a vector"),
        ("v.vec", b"1000000000 2\nthe 1 2\n", "v.vec:1: the header lies; found 1 rows; allowed: 1000000000"),
        ("v.vec", b"1 3\nthe 1 2\n", "v.vec:2: a row of another width; found 2 values; allowed: 3"),
        ("v.vec", b"1 1000000000\nthe 1 2\n", "v.vec:1: bad dimension"),
        ("v.vec", b"1 0\nthe\n", "v.vec:1: bad dimension"),
        ("v.txt", b"the " + b"1" * 2_000_000, "v.txt:1: endless line"),
        ("v.bin", b"", "no word2vec header"),
        ("v.bin", b"1000000000 3\nthe " + struct.pack("<3f", 1, 2, 3), "row 2 of 1000000000, after byte offset 29"),
        ("v.bin", binary_of(ROWS)[:-6], "cut short or of another dimension"),
        ("v.bin", binary_of(ROWS) + b"more", "the header lies; found more rows; allowed: 4"),
        ("v.bin", binary_of({"the": [1, float("nan"), 2]}), "not finite at byte offset 8; found nan as value 2"),
        ("v.bin", b"1 0\nthe ", "bad dimension"),
        ("v.bin", b"\xba\x16\x4f\x2f rest", "a fastText model"),
        ("v.txt.gz", gzip.compress(text_of(ROWS) * 50, mtime=0)[:-20], "cannot read the vectors"),
        ("v.zip", b"PK\x03\x04 broken", "cannot read the vectors"),
        ("v.pkl", b"", "never opened; found .pkl"),
    ],
)
def test_a_damaged_file_is_told_with_its_place(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        load_vectors(written(tmp_path, name, data), WORDS)
    assert str(tmp_path / name) in str(caught.value)


@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_a_flipped_bit_in_a_packed_file_is_refused_or_harmless(tmp_path: Path, kind: str) -> None:
    text = text_of(ROWS)
    packed = (
        gzip.compress(text, mtime=0) if kind == "gz" else zipped(tmp_path / "whole.zip", {"v.txt": text}).read_bytes()
    )
    refused = 0
    for byte in range(len(packed)):
        flipped = bytearray(packed)
        flipped[byte] ^= 4
        try:
            check(load_vectors(written(tmp_path, f"v.txt.{kind}", bytes(flipped)), WORDS))
        except DataError:
            refused += 1
    assert refused > len(packed) / 3


def test_a_missing_file_a_folder_and_another_dimension_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        load_vectors(tmp_path / "none.txt", WORDS)
    with pytest.raises(DataError, match="not a regular file"):
        load_vectors(tmp_path, WORDS)
    with pytest.raises(DataError, match="vectors of another size; found 3; allowed: 5"):
        load_vectors(written(tmp_path, "v.txt", text_of(ROWS)), WORDS, dimension=5)


def test_words_with_spaces_and_foreign_bytes_are_passed_over(tmp_path: Path) -> None:
    data = text_of(ROWS) + b". . . 1 2 3\nat name@place.org 1 2 3\n\xff\xfe 1 2 3\n"
    check(load_vectors(written(tmp_path, "v.txt", data), WORDS))


def test_neighbours_are_those_of_the_highest_cosine(tmp_path: Path) -> None:
    vectors = load_vectors(written(tmp_path, "v.txt", text_of(ROWS)), WORDS)
    (first, cosine), *others = neighbours(vectors.matrix, WORDS, "film", 9)
    a, b = np.array(ROWS["film"]), np.array(ROWS["good"])
    assert first == "good"
    assert abs(cosine - a @ b / np.linalg.norm(a) / np.linalg.norm(b)) < 1e-6
    assert {word for word, _ in others} == {"the", "zebra"}
    assert len(neighbours(vectors.matrix, WORDS, "film", 1)) == 1
    with pytest.raises(DataError, match="not in the vocabulary; found 'queen'"):
        neighbours(vectors.matrix, WORDS, "queen", 1)
    with pytest.raises(UsageError, match="found 0; allowed: 1 or more"):
        neighbours(vectors.matrix, WORDS, "film", 0)


@pytest.mark.skipif("RECURRA_DATA" not in os.environ, reason="RECURRA_DATA is not set")
@pytest.mark.timeout(60)
def test_the_shared_glove_zip_is_read_and_knows_its_neighbours() -> None:
    source = next((Path(os.environ["RECURRA_DATA"]) / "vectors").glob("*.zip"))
    words = Vocabulary(
        build_vocabulary(dict.fromkeys(["awful", "terrible", "king", "n't", "the"], 1), max_words=9).words
    )
    vectors = load_vectors(source, words, dimension=100)
    assert vectors.coverage == 1
    assert neighbours(vectors.matrix, words, "awful", 1)[0][0] == "terrible"
