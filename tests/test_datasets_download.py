"""Downloads against a real server on this machine: checksum, resume, broken connections, no server."""

from __future__ import annotations

import hashlib
import http.server
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recurra.datasets.known.download import download, fetch
from recurra.datasets.known.sets import SETS, PublicFile
from recurra.errors import DataError

DATA = bytes(range(256)) * 4000


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves DATA with ranges; the path says how it misbehaves."""

    ranges: list[str]

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        type(self).ranges.append(asked)
        if self.path == "/missing":
            self.send_error(404)
            return
        ignored = self.path == "/norange"
        start = 0 if ignored or not asked else int(asked.removeprefix("bytes=").rstrip("-"))
        if start >= len(DATA):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(DATA) - 1}/{len(DATA)}")
        self.send_header("Content-Length", str(len(DATA) - start))
        self.end_headers()
        cut = 300_000 if self.path == "/breaks" else len(DATA)
        self.wfile.write(DATA[start : start + cut])

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    Handler.ranges = []
    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{listener.server_address[1]}"
    listener.shutdown()
    listener.server_close()
    thread.join()


def file_at(url: str) -> PublicFile:
    return PublicFile("set/data.bin", url, "sha256", hashlib.sha256(DATA).hexdigest(), len(DATA))


def test_a_file_comes_over_whole_and_tells_its_progress(server: str, tmp_path: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    path = download(file_at(f"{server}/f"), tmp_path, progress=lambda *call: calls.append(call))
    assert path == tmp_path / "set" / "data.bin" and path.read_bytes() == DATA
    assert calls[-1] == ("set/data.bin", len(DATA), len(DATA)) and len(calls) > 1
    assert not (tmp_path / "set" / "data.bin.part").exists()
    assert download(file_at(f"{server}/f"), tmp_path) == path and Handler.ranges == [""]


def test_what_is_here_already_is_not_fetched_again(server: str, tmp_path: Path) -> None:
    part = tmp_path / "set" / "data.bin.part"
    part.parent.mkdir()
    part.write_bytes(DATA[:1000])
    assert download(file_at(f"{server}/f"), tmp_path).read_bytes() == DATA
    assert Handler.ranges == ["bytes=1000-"]


def test_a_server_that_ignores_the_range_makes_it_start_over(server: str, tmp_path: Path) -> None:
    part = tmp_path / "set" / "data.bin.part"
    part.parent.mkdir()
    part.write_bytes(b"old bytes")
    assert download(file_at(f"{server}/norange"), tmp_path).read_bytes() == DATA
    assert Handler.ranges == ["bytes=9-"]


def test_a_broken_connection_is_gone_on_with(server: str, tmp_path: Path) -> None:
    file = file_at(f"{server}/breaks")
    with pytest.raises(DataError, match=r"900,000 bytes are here and will be gone on with"):
        download(file, tmp_path)
    assert download(file, tmp_path).read_bytes() == DATA
    assert Handler.ranges == ["", "bytes=300000-", "bytes=600000-", "bytes=900000-"]


def test_a_whole_part_is_checked_without_asking(server: str, tmp_path: Path) -> None:
    part = tmp_path / "set" / "data.bin.part"
    part.parent.mkdir()
    part.write_bytes(DATA)
    assert download(file_at(f"{server}/f"), tmp_path).read_bytes() == DATA
    assert Handler.ranges == []
    (tmp_path / "set" / "data.bin").rename(part)
    assert download(replace(file_at(f"{server}/f"), size=0), tmp_path).read_bytes() == DATA
    assert Handler.ranges == [f"bytes={len(DATA)}-"]


def test_a_wrong_checksum_removes_what_came(server: str, tmp_path: Path) -> None:
    file = replace(file_at(f"{server}/f"), checksum="0" * 64)
    with pytest.raises(DataError, match="other bytes than published; found sha256 "):
        download(file, tmp_path)
    assert list((tmp_path / "set").iterdir()) == []


def test_more_bytes_than_published_stop_at_once(server: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="sends more than its 1,000 bytes"):
        download(replace(file_at(f"{server}/f"), size=1000), tmp_path)


def test_fewer_bytes_than_published_are_refused(server: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="another size"):
        download(replace(file_at(f"{server}/f"), size=len(DATA) + 1), tmp_path)


def test_a_file_the_server_does_not_have_is_told_once(server: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"missing answers 404; bring the file to .*data\.bin by hand"):
        download(file_at(f"{server}/missing"), tmp_path)
    assert Handler.ranges == [""]


def test_without_a_server_the_way_by_hand_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(DataError, match=rf"cannot reach 127\.0\.0\.1:{port}: .*; bring the file to .* by hand"):
        download(file_at(f"http://127.0.0.1:{port}/f"), tmp_path)


def test_other_schemes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="only http and https"):
        download(file_at("file:///etc/hostname"), tmp_path)


def test_a_cache_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "set").write_text("a file")
    with pytest.raises(DataError, match=r"set: the folder cannot be made"):
        download(file_at("http://127.0.0.1:1/f"), tmp_path)


def test_get_fetches_every_file_into_the_cache_and_then_finds_it(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RECURRA_DATA", raising=False)
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path / "cache"))
    files = tuple(replace(file_at(f"{server}/f"), name=f"wikitext-2/wiki.{part}.tokens") for part in ("train", "test"))
    monkeypatch.setitem(SETS, "wikitext-2", replace(SETS["wikitext-2"], files=files))
    assert fetch("wikitext-2") == tmp_path / "cache" / "wikitext-2"
    assert fetch("wikitext-2") == tmp_path / "cache" / "wikitext-2" and Handler.ranges == ["", ""]


def test_a_set_that_travels_with_the_package_needs_no_download(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RECURRA_DATA", raising=False)
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path))
    assert fetch("airline") is None
