"""IMDB in its three forms, WikiText-2 and the airline numbers, and where they are looked for."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from reading import read_series
from recurra.datasets.known.airline import load_airline
from recurra.datasets.known.imdb import load_imdb, read_imdb_folder
from recurra.datasets.known.sets import SETS, find, known_set
from recurra.datasets.known.tarred import read_tar
from recurra.datasets.known.wikitext import load_wikitext2
from recurra.errors import DataError, Place, UsageError

REVIEWS = {
    "train/neg/0_3.txt": "dull",
    "train/neg/10_1.txt": "awful<br />film",
    "train/neg/2_4.txt": "same words",
    "train/pos/0_9.txt": "grand été",
    "train/unsup/0_0.txt": "hm",
    "train/unsup/1_0.txt": "same words",
    "test/neg/0_2.txt": "weak",
    "test/pos/0_10.txt": "same words",
}
URLS = {
    "train/urls_neg.txt": "".join(f"http://www.imdb.com/title/tt{n:07}/usercomments\n" for n in range(11)),
    "train/urls_pos.txt": "http://www.imdb.com/title/tt0000090/usercomments\n",
    "train/urls_unsup.txt": "http://www.imdb.com/title/tt7/usercomments\nhttp://www.imdb.com/title/tt8/usercomments\n",
    "test/urls_neg.txt": "http://www.imdb.com/title/tt5/usercomments\n",
    "test/urls_pos.txt": "http://www.imdb.com/title/tt6/usercomments\n",
}
OTHERS = {"imdb.vocab": "the\nand\n", "train/labeledBow.feat": "9 0:9\n", "README": "hello"}


def tar_of(files: dict[str, str], **options: object) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", **options) as archive:  # type: ignore[call-overload]
        for name, text in files.items():
            member = tarfile.TarInfo(f"aclImdb/{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


@pytest.fixture(params=["folder", "tar.gz", "tar"])
def published(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    files = {**REVIEWS, **URLS, **OTHERS}
    if request.param == "folder":
        for name, text in files.items():
            path = tmp_path / "aclImdb" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path / "aclImdb"
    data = tar_of(files)
    path = tmp_path / f"aclImdb_v1.{request.param}"
    path.write_bytes(gzip.compress(data) if request.param == "tar.gz" else data)
    return path


def test_the_published_forms_give_texts_labels_films_and_ids(published: Path) -> None:
    imdb = load_imdb(published, unlabelled=True)
    assert imdb.train.texts == ["dull", "awful<br />film", "grand été"]
    assert imdb.train.labels == ["negative", "negative", "positive"]
    assert imdb.train.groups == ["tt0000000", "tt0000010", "tt0000090"]
    assert imdb.train.ids == ["0_3", "10_1", "0_9"]
    assert imdb.test.texts == ["weak", "same words"] and imdb.test.groups == ["tt5", "tt6"]
    assert imdb.unlabelled is not None and imdb.unlabelled.texts == ["hm"] and imdb.unlabelled.labels is None
    assert imdb.dropped == 2 and imdb.train.warnings == ["1 rows dropped: their text stands in the test part too"]


def test_the_parquet_form_gives_the_same(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = {
        "text": ["dull", "same", "grand", "weak", "same"],
        "label": [0, 0, 1, 0, 1],
        "split": ["train", "train", "train", "test", "test"],
        "id": ["0_3", "1_4", "0_9", "0_2", "0_10"],
        "movie": ["tt0", "tt1", "tt2", "tt3", "tt4"],
    }
    parquet.write_table(pyarrow.table(rows), tmp_path / "imdb_labeled.parquet")
    imdb = load_imdb(tmp_path / "imdb_labeled.parquet")
    assert (imdb.train.texts, imdb.train.labels, imdb.train.groups) == (
        ["dull", "grand"],
        ["negative", "positive"],
        ["tt0", "tt2"],
    )
    assert imdb.test.labels == ["negative", "positive"] and imdb.dropped == 1 and imdb.unlabelled is None
    (tmp_path / "other.parquet").write_bytes(b"no table")
    with pytest.raises(DataError, match="cannot be read as the IMDB table"):
        load_imdb(tmp_path / "other.parquet")


def test_a_part_that_is_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(tar_of({name: text for name, text in REVIEWS.items() if not name.startswith("test/pos")}))
    with pytest.raises(DataError, match="no reviews in test/pos"):
        load_imdb(path)


def test_a_review_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(tar_of(REVIEWS).replace(b"awful", b"awf\xffl"))
    with pytest.raises(DataError, match=r"aclImdb/train/neg/10_1\.txt: not UTF-8 at byte 3"):
        load_imdb(path)


def test_without_address_lists_there_are_no_groups(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(tar_of(REVIEWS))
    assert read_imdb_folder(path)["train"].groups is None


def members(data: bytes) -> list[tuple[str, bytes]]:
    pieces = (data[at : at + 700] for at in range(0, len(data), 700))
    return list(read_tar(pieces, keep=lambda name: not name.endswith("skip"), place=Place("a.tar")))


def with_member(name: str, kind: bytes = tarfile.REGTYPE, *, form: int = tarfile.USTAR_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "target"
        archive.addfile(member)
    return buffer.getvalue()


def test_plain_members_come_out_and_unwanted_ones_are_passed_over() -> None:
    data = tar_of({"a": "x" * 1000, "b.skip": "y" * 5000, "c": ""})
    assert members(data) == [("aclImdb/a", b"x" * 1000), ("aclImdb/c", b"")]


def test_extended_headers_with_times_are_harmless() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("a")
        member.size, member.mtime = 1, 1.5
        archive.addfile(member, io.BytesIO(b"x"))
    assert members(buffer.getvalue()) == [("a", b"x")]


@pytest.mark.parametrize("kind", [tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_an_archive_are_refused(kind: bytes) -> None:
    with pytest.raises(DataError, match="allowed: plain files and folders"):
        members(with_member("a", kind))


@pytest.mark.parametrize("name", ["../a", "x/../../a", "/etc/a", "c:/a", "a\\b"])
def test_unsafe_names_in_an_archive_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="unsafe name"):
        members(with_member(name))


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_name_records_are_refused(form: int) -> None:
    with pytest.raises(DataError, match=r"record of another kind|extended names"):
        members(with_member("x" * 300, form=form))


def test_names_that_collide_are_refused() -> None:
    with pytest.raises(DataError, match="same name twice"):
        members(tar_of({"a": "1", "A": "2"}))


def test_an_archive_cut_anywhere_inside_a_member_or_damaged_is_refused() -> None:
    data = tar_of({"a": "x" * 1000})
    for length in (100, 511, 700, 1000, 1535):
        with pytest.raises(DataError, match="ends early"):
            members(data[:length])
    with pytest.raises(DataError, match="damaged archive"):
        members(data[:3] + b"?" + data[4:])


def test_a_member_that_claims_to_be_huge_is_refused_before_it_is_read() -> None:
    header = bytearray(tar_of({"a": "x"})[:512])
    header[124:136] = b"77777777777\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    with pytest.raises(DataError, match="too large"):
        members(bytes(header))


def test_the_data_folder_comes_before_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECURRA_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path / "cache"))
    assert find("imdb") is None
    for folder in ("cache", "data"):
        (tmp_path / folder / "imdb").mkdir(parents=True)
        (tmp_path / folder / "imdb" / "aclImdb_v1.tar.gz").write_bytes(b"x")
        assert find("imdb") == tmp_path / folder / "imdb" / "aclImdb_v1.tar.gz"
    with pytest.raises(UsageError, match=r"did you mean 'imdb'\?"):
        find("imbd")


def test_a_set_that_is_nowhere_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECURRA_DATA", raising=False)
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path))
    with pytest.raises(DataError, match="recurra data get imdb"):
        load_imdb()
    with pytest.raises(DataError, match="recurra data get wikitext-2"):
        load_wikitext2()


def test_every_known_set_is_described() -> None:
    assert list(SETS) == ["imdb", "glove", "wikitext-2", "airline"]
    for name, known in SETS.items():
        assert known_set(name) is known and known.name == name
        assert all((known.title, known.rows, known.classes, known.lengths, known.licence, known.source, known.places))


def test_wikitext_comes_as_three_texts_under_either_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECURRA_DATA", str(tmp_path))
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "wikitext-2"
    folder.mkdir()
    (folder / "wiki.train.tokens").write_bytes(b" = A = \n\n b <unk>\n")
    assert find("wikitext-2") is None
    with pytest.raises(DataError, match=r"wiki\.valid\.tokens is missing"):
        load_wikitext2(folder)
    (folder / "wiki.valid.tokens").write_bytes(b"v\n")
    (folder / "wiki.test.tokens").write_bytes(b"t\n")
    assert load_wikitext2() == (" = A = \n\n b <unk>\n", "v\n", "t\n")


def test_the_airline_numbers_are_144_months() -> None:
    months, values = load_airline()
    assert months.shape == values.shape == (144,) and values.dtype == np.float64
    assert str(months[0]) == "1949-01" and str(months[-1]) == "1960-12"
    assert (values[0], values[-1], values.max(), values.sum()) == (112, 432, 622, 40363)


needs_data = pytest.mark.skipif(not os.environ.get("RECURRA_DATA"), reason="RECURRA_DATA is not set")


@needs_data
def test_the_airline_numbers_equal_the_published_file() -> None:
    path = find("airline")
    assert path is not None
    table = read_series(path)
    months, values = load_airline()
    assert np.array_equal(table.values["airline-passengers"], values)
    assert np.array_equal(table.times["airline-passengers"], months)


@needs_data
def test_the_real_imdb_has_its_known_counts() -> None:
    imdb = load_imdb()
    assert (len(imdb.train), len(imdb.test), imdb.dropped) == (24_877, 25_000, 123)
    assert imdb.test.labels is not None and imdb.test.labels.count("positive") == 12_500


@needs_data
def test_the_real_wikitext_has_its_known_counts() -> None:
    counts = [len(part.split()) + part.count("\n") for part in load_wikitext2()]
    assert counts == [2_088_628, 217_646, 245_569]
