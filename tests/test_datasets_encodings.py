"""A wrong encoding is refused with one that fits, or its traces in texts are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reading import read_series, series_from_frame
from recurra.datasets.doubts import doubled, doubtful_characters
from recurra.datasets.encodings import advised
from recurra.datasets.texts import read_running_text, read_texts
from recurra.errors import DataError
from recurra.tasks.checking import check_file

LETTER = "it wasn’t “fine” – it cost 5 €…"


def write(folder: Path, text: str, encoding: str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def refused(path: Path, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        read_texts(path, **options)
    return str(caught.value).removeprefix(f"{path}:")


@pytest.mark.parametrize(
    ("text", "encoding", "likeliest"),
    [
        (LETTER, "cp1252", "cp1252"),
        ("café", "latin-1", "cp1252"),
        ("für", "cp850", "mac-roman"),
        ("привет мир", "cp1251", "cp1251"),
        ("你好，世界", "gb18030", "gb18030"),
        ("the room was clean and bright, хороший отель и вид", "cp1251", "cp1251"),
        ("the room was clean and bright, 房间很好", "gb18030", "gb18030"),
        ("příliš žluťoučký kůň – „dobře“", "cp1250", "cp1250"),
        ("déjà créée", "cp1252", "cp1252"),
        ("text", "utf-16-le", "utf-16-le"),
        ("text", "utf-16-be", "utf-16-be"),
    ],
)
def test_the_advice_names_an_encoding_that_fits_the_bytes(text: str, encoding: str, likeliest: str) -> None:
    data = text.encode(encoding)
    advice = advised(data, "utf-8")
    assert advice.startswith(f"pass --encoding {likeliest}")
    data.decode(likeliest)
    assert "shift_jis" in advised("こんにちは世界".encode("shift_jis"), "utf-8")


def test_a_stray_byte_amid_utf_8_asks_for_no_other_encoding(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("text\nçà et là\n".encode() + b"don\x92t\n")
    assert refused(path).startswith("3:4: not utf-8") and "mend the byte" in refused(path)
    assert "mend the byte" in advised("çà et là".encode() + b" don\x92t", "utf-8")


def test_texts_series_and_running_text_give_the_same_advice(tmp_path: Path) -> None:
    assert "pass --encoding cp1252" in refused(write(tmp_path, f"text\n{LETTER}\n", "cp1252"))
    with pytest.raises(DataError, match=r"1: not utf-8.*pass --encoding cp1252"):
        read_running_text(write(tmp_path, LETTER, "cp1252", "t.txt"))
    with pytest.raises(DataError, match=r"2:4: not utf-8.*pass --encoding cp1252"):
        read_series(write(tmp_path, "unique_id,ds,y\nJoe’s,1,2\n", "cp1252"))


def test_control_characters_of_latin_1_name_cp1252(tmp_path: Path) -> None:
    path = write(tmp_path, f"text,label\n{LETTER},x\nfine,y\n", "cp1252")
    (warning,) = read_texts(path, encoding="latin-1").warnings
    assert warning.startswith("1 text holds control characters such as U+0092: pass --encoding cp1252")
    assert read_texts(path, encoding="cp1252").texts[0] == LETTER and not read_texts(path, encoding="cp1252").warnings
    told = [finding.text for finding in check_file(path, encoding="latin-1") if finding.level == "warning"]
    assert told[0] == warning


def test_control_characters_are_told_in_labels_names_of_series_and_running_text(tmp_path: Path) -> None:
    labels = read_texts(write(tmp_path, "text,label\na,it’s\nb,y\n", "cp1252"), encoding="latin-1").warnings
    assert labels[0].startswith("1 label holds control characters")
    names = read_series(write(tmp_path, "unique_id,ds,y\nJoe’s,1,2\nJoe’s,2,3\n", "cp1252"), encoding="latin-1")
    assert names.warnings[0].startswith("1 series name holds control characters")
    frame = pytest.importorskip("pandas").DataFrame({"unique_id": ["Joeâ€™s"] * 2, "ds": [1, 2], "y": [2, 3]})
    assert series_from_frame(frame).warnings[0].startswith("1 series name looks like UTF-8 read as cp1252")
    lines = read_running_text(write(tmp_path, LETTER + "\nfine\n", "cp1252", "t.txt"), encoding="latin-1").warnings
    assert lines[0].startswith("1 line holds control characters")


def test_each_part_of_iso_8859_has_its_code_page() -> None:
    assert "cp1250" in doubtful_characters(["\x9a"], encoding="iso-8859-2")[0]
    assert "cp1254" in doubtful_characters(["\x9a"], encoding="latin5")[0]
    # An old line end in UTF-8, an ellipsis in what is no Latin-1.
    assert doubtful_characters(["a\x85"], encoding="utf-8") == []
    assert "U+0085" in doubtful_characters(["a\x85"], encoding="latin-1")[0]


@pytest.mark.parametrize("wrong", ["cp1252", "latin-1"])
@pytest.mark.parametrize("text", ["it’s", "déjà vu", "привет", "日本語", "5 €", "fine 😀"])
def test_utf_8_read_as_another_encoding_is_told(tmp_path: Path, text: str, wrong: str) -> None:
    path = write(tmp_path, f"text\n{text}\nfine\n", "utf-8")
    try:
        (warning,) = read_texts(path, encoding=wrong).warnings
    except DataError as problem:
        # Some bytes are no characters of cp1252: then it is refused.
        assert wrong == "cp1252" and "check --encoding" in str(problem)
        return
    assert warning.startswith("1 text looks like UTF-8 read as cp1252") and "leave --encoding out" in warning


def test_a_file_that_was_doubled_before_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, "text,label\nit wasnâ€™t,trÃ¨s bon\nfine,bon\n", "utf-8")
    warnings = read_texts(path).warnings
    assert warnings[0].startswith("1 text looks like UTF-8 read as cp1252, such as 'â€™' for '’'")
    assert warnings[1].startswith("1 label looks like UTF-8 read as cp1252, such as 'Ã¨' for 'è'")


@pytest.mark.parametrize(
    "text", ["«CAFÉ»", "Spaß“ –", "MANHÃ…", "INFORMAÇÃO", "là… déjà–vu", "“É” …", "Łódź ‘x’", "Ñ»"]
)
def test_honest_texts_are_not_taken_for_doubled_ones(text: str) -> None:
    assert doubled(text) is None


def test_a_byte_order_mark_is_believed_before_the_option(tmp_path: Path) -> None:
    message = refused(write(tmp_path, "text\né\n", "utf-8-sig"), encoding="cp1252")
    assert "not CP1252: the byte order mark of UTF-8 stands at its start; pass --encoding utf-8" in message
    assert "pass --encoding utf-16" in refused(write(tmp_path, "text\né\n", "utf-16"), encoding="latin-1")


def test_utf_16_is_believed_only_where_zeros_stand_as_it_has_them(tmp_path: Path) -> None:
    assert "no byte is zero" in refused(write(tmp_path, "text\nfine\n", "utf-8"), encoding="utf-16")
    assert "no byte is zero" in refused(write(tmp_path, "good\nfine\n", "utf-8", "t.txt"), encoding="utf-16-le")
    big = write(tmp_path, "text\nfine\n", "utf-16-be")
    assert "pass --encoding utf-16-be" in refused(big, encoding="utf-16")
    assert read_texts(big, encoding="utf-16-be").texts == ["fine"]
    assert read_texts(write(tmp_path, "text\n你好\n", "utf-16-le"), encoding="utf-16-le").texts == ["你好"]
    assert "no byte order mark stands at its start; pass --encoding utf-16-le" in refused(
        tmp_path / "t.csv", encoding="utf-16"
    )
