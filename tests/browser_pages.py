"""A real browser for tests: pages opened at a width, and what stands out of them.

Not here: tests.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = os.environ.get("RECURRA_CHROMIUM") or next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)
NEEDS_CHROMIUM = pytest.mark.skipif(not CHROMIUM, reason="no Chromium: install it, or name it in RECURRA_CHROMIUM")

# Boxes of elements against the page, and contents against their own box; a drawing's and a formula's parts count whole.
OUTSIDE = """() => {
  const width = document.documentElement.clientWidth;
  const wider = element => {
    const box = element.getBoundingClientRect();
    const whole = ['svg', 'math'].some(tag => element.parentElement.closest(tag));
    const inline = getComputedStyle(element).display === 'inline';
    const inside = whole || inline || !element.clientWidth || element.scrollWidth <= element.clientWidth + 1;
    return box.width && (box.left < -1 || box.right > width + 1 || !inside);
  };
  return [...document.body.querySelectorAll(':not(.skip)')].filter(wider)
    .map(element => `${element.tagName} ${element.textContent.trim().slice(0, 60)}`);
}"""


@contextmanager
def browser() -> Iterator[Any]:
    """Open a headless Chromium that asks nothing of any network."""
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield opened
        opened.close()


def outside(opened: Any, page: Path, *, width: int, printed: bool = False) -> list[str]:
    """Return the elements of a page that stand out of it, or whose contents stand out of them."""
    tab = opened.new_page(viewport={"width": width, "height": 900})
    tab.emulate_media(media="print" if printed else "screen")
    tab.goto(page.resolve().as_uri())
    elements: list[str] = tab.evaluate(OUTSIDE)
    tab.close()
    return elements
