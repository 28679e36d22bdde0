"""Make docs/labs/NAME.html from results/lab-NAME.json, and the README's picture from today's page of next-value.

Not here: measuring (labs.py) and the tables (tables.py). The picture needs Chromium (`apt-get install chromium`, or its
path in RECURRA_CHROMIUM) and playwright, which `make setup` installs; without them the pages are made all the same.
Run: `make pages`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

from smoke import SMOKE
from writing import PARTS

from recurra.artefact import write_atomically
from recurra.labs.catalogue import FORMAT, read_lab_record, rendered
from recurra.labs.page import SheetHead
from recurra.report.page import to_html

HERE = Path(__file__).parent
RESULTS = HERE / "results"
PAGES = HERE.parent / "docs" / "labs"
PICTURE = HERE.parent / "docs" / "images" / "lab-next-value.png"
STAMP = PICTURE.with_suffix(".json")
"""Tells from which page the picture was taken."""
SHOWN = PAGES / "next-value.html"
SECTIONS = ("curves", "result")
"""The picture begins with the first of these sections, and ends with the first table of the last."""
WIDTH = 900
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PATIENCE = 180_000
"""Milliseconds for the browser, which may share the machine with a training."""
LARGEST = 2_000_000
"""Bytes of a page, at most."""


def main() -> int:
    """Make the pages, then the picture; return 1 where a page is too large or the picture could not be made."""
    for record in sorted(RESULTS.glob("lab-*.json")):
        if read_lab_record(record).get("format") != FORMAT:
            print(f"{record.name}: of an earlier format, passed over", file=sys.stderr)
            continue
        page = (PARTS if SMOKE else PAGES) / f"{record.stem.removeprefix('lab-')}.html"
        html = to_html(rendered(record, SheetHead()))
        if len(html.encode()) > LARGEST:
            print(f"{page.name}: {len(html.encode())} bytes, allowed: {LARGEST}", file=sys.stderr)
            return 1
        page.parent.mkdir(exist_ok=True)
        write_atomically(page, html)
        print(page)
    return 0 if SMOKE else take_picture()


def take_picture() -> int:
    """Take the picture where its page has changed since; return 1 where there is no browser."""
    if STAMP.is_file() and PICTURE.is_file() and json.loads(STAMP.read_text())["page"] == digest(SHOWN):
        return 0
    found = os.environ.get("RECURRA_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        print("the README's picture needs Chromium: apt-get install chromium, or RECURRA_CHROMIUM", file=sys.stderr)
        return 1
    _screenshot(found)
    write_atomically(STAMP, json.dumps({"page": digest(SHOWN), "made_by": "benchmarks/pages.py"}, indent=1) + "\n")
    print(PICTURE)
    return 0


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _screenshot(chromium: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        tab = browser.new_page(viewport={"width": WIDTH, "height": 900}, device_scale_factor=1.5)
        tab.set_default_timeout(PATIENCE)
        tab.goto(SHOWN.resolve().as_uri())
        top = tab.locator(f"#{SECTIONS[0]}").bounding_box()
        end = tab.locator(f"#{SECTIONS[-1]} .table").first.bounding_box()
        assert top and end
        height = end["y"] + end["height"] - top["y"] + 24
        tab.screenshot(
            path=PICTURE, full_page=True, clip={"x": 0, "y": top["y"] - 16, "width": WIDTH, "height": height}
        )
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
