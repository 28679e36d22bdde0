"""Only regular files and a plain dash are read; gzip is unpacked with care; changes are noticed."""

from __future__ import annotations

import gzip
import os
import socket
import zlib
from pathlib import Path

import pytest

from recurra.datasets import sources
from recurra.datasets.sources import read_chunks
from recurra.errors import DataError

DATA = b"".join(b"%d,text\n" % number for number in range(5000))


def refused(path: str | Path) -> str:
    with pytest.raises(DataError) as caught:
        list(read_chunks(path))
    return str(caught.value)


def written(folder: Path, data: bytes, name: str = "t.csv.gz") -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def test_a_fifo_is_refused_without_hanging(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f.csv")
    assert "a FIFO" in refused(tmp_path / "f.csv")


def test_devices_and_sockets_are_refused(tmp_path: Path) -> None:
    assert "a device" in refused("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        assert "a socket" in refused(tmp_path / "s")


def test_stdin_by_its_device_name_is_refused(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    try:
        assert "found a FIFO" in refused(f"/dev/fd/{reading}")
    finally:
        os.close(reading)
        os.close(writing)


def test_endless_files_of_proc_give_nothing() -> None:
    assert list(read_chunks("/proc/self/status")) == []


def test_a_name_with_nul_or_too_long_is_refused(tmp_path: Path) -> None:
    assert "cannot be opened" in refused("a\0b.csv")
    assert "cannot be opened" in refused(tmp_path / ("x" * 5000))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, b"x")
    path.chmod(0)
    assert "no permission" in refused(path)


@pytest.mark.parametrize("change", ["append", "truncate", "touch"])
def test_a_file_that_changes_while_it_is_read_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(sources, "CHUNK", 64)
    path = written(tmp_path, DATA, "t.csv")
    chunks = read_chunks(path)
    next(chunks)
    if change == "append":
        with path.open("ab") as stream:
            stream.write(b"more")
    elif change == "truncate":
        os.truncate(path, 10)
    else:
        os.utime(path, (1, 1))
    with pytest.raises(DataError, match="changed while it was read"):
        list(chunks)


@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv"])
def test_gzip_is_told_by_its_magic_not_its_ending(tmp_path: Path, name: str) -> None:
    assert b"".join(read_chunks(written(tmp_path, gzip.compress(DATA), name))) == DATA
    assert b"".join(read_chunks(written(tmp_path, DATA, name))) == DATA


def test_members_one_after_another_and_zero_padding_are_one_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, gzip.compress(DATA) + gzip.compress(b"end") + b"\0" * 700)
    for chunk in (1, 7, 1 << 20):
        monkeypatch.setattr(sources, "CHUNK", chunk)
        assert b"".join(read_chunks(path)) == DATA + b"end"


def test_gzip_cut_short_tells_the_byte_wherever_it_is_cut(tmp_path: Path) -> None:
    whole = gzip.compress(DATA)
    for length in range(20, len(whole), 997):
        assert f"truncated at byte {length:,}" in refused(written(tmp_path, whole[:length]))
    assert f"truncated at byte {len(whole) - 1:,}" in refused(written(tmp_path, whole[:-1]))


@pytest.mark.parametrize("chunk", [1, 1 << 20])
def test_bytes_after_the_gzip_data_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(sources, "CHUNK", chunk)
    whole = gzip.compress(b"a,b\n1,2\n")
    for junk in (b"junk", b"\0\0x", b"\x1f\x8bzz"):
        assert "after the end of the gzip data" in refused(written(tmp_path, whole + junk))


def test_damaged_gzip_is_refused(tmp_path: Path) -> None:
    whole = bytearray(gzip.compress(DATA))
    whole[len(whole) // 2] ^= 0x10
    assert "gzip data" in refused(written(tmp_path, bytes(whole)))


def test_gzip_inside_gzip_is_refused(tmp_path: Path) -> None:
    assert "gzip inside gzip" in refused(written(tmp_path, gzip.compress(gzip.compress(DATA))))


def test_a_gzip_bomb_stops_at_the_ratio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "FREE", 1 << 20)
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(50)) + packer.flush()
    given = 0
    with pytest.raises(DataError, match="unpacks to more than it may"):
        for chunk in read_chunks(written(tmp_path, bomb)):
            given += len(chunk)
    assert given < 12 << 20
