"""A page answers in a browser as Recurra does: examples/browser with onnxruntime-web, served from this machine.

Not here: the files themselves (test_onnx.py).
"""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from browser_pages import NEEDS_CHROMIUM, browser
from recurra.cells import CELLS
from recurra.exports.onnx import export_onnx
from test_onnx import classifier, few

EXAMPLE = Path(__file__).parents[1] / "examples" / "browser"
TEXTS = ["a good film", "not bad at all", "the plot , the film and the unheardof"]

__all__ = ["few"]  # the fixture, which the test here uses

pytestmark = [
    pytest.mark.slow,
    NEEDS_CHROMIUM,
    pytest.mark.skipif(not shutil.which("npm"), reason="no npm"),
]


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with its package beside it."""
    place = tmp_path_factory.mktemp("web") / "browser"
    shutil.copytree(EXAMPLE, place, ignore=shutil.ignore_patterns("node_modules"))
    command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=200)
    if done.returncode:
        pytest.skip(f"no registry of packages: {done.stderr[-200:]}")
    return place


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/index.html"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_page_answers_as_recurra_does_for_every_cell_and_asks_no_other_machine(folder: Path, address: str) -> None:
    with browser() as opened:
        for cell in CELLS:
            for more in ({}, {"bidirectional": True, "pool": ("mean", "max", "attention")}):
                model = classifier(cell=cell, **more)
                model.save(folder / "artefact")
                export_onnx(model, folder / "model.onnx")
                for name in ("tokenizer.json", "recurra.json"):
                    shutil.copy(folder / "artefact" / name, folder / name)
                tab = opened.new_page()
                asked: list[str] = []
                tab.on("request", lambda request, asked=asked: asked.append(request.url))
                tab.goto(address)
                tab.wait_for_function("document.getElementById('state').textContent === 'ready'", timeout=60_000)
                for text in TEXTS:
                    found = tab.evaluate("text => window.shares(text)", text)
                    np.testing.assert_allclose(found, model.predict_proba([text])[0], atol=1e-5)
                assert tab.locator("#answer tr").count() == 3
                assert all(url.startswith(("http://127.0.0.1:", "blob:http://127.0.0.1:")) for url in asked), asked
                tab.close()
