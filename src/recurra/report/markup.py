"""Text, SVG and MathML made safe to stand in a page: what cannot be seen is shown, what is drawn is checked.

Charts and diagrams are our own, but what is inlined is checked all the same against short lists: no scripts, no event
handlers, no reference to anything outside the drawing.

Not here: what a block or a page looks like (templates/), and how numbers are written (numbers.py).
"""

from __future__ import annotations

import html
import re
import unicodedata
from xml.etree import ElementTree

from recurra.errors import UsageError

SPACES = frozenset(" \u00a0\u2002\u2009\u202f\u3000")
"""Spaces that are shown as they are; every other character that does not print is shown by its code."""

MOST_MARKS = 8
"""Combining marks shown in a row; more would be stacked over the neighbouring lines."""


SHAPES = frozenset(("path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "use", "clipPath"))
SVG_TAGS = SHAPES | frozenset(("svg", "g", "defs", "text", "tspan", "title", "desc"))
SCRIPTS = frozenset(("msub", "msup", "msubsup", "mfrac", "msqrt", "mover"))
MATHML_TAGS = SCRIPTS | frozenset(("math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mtable", "mtr", "mtd"))
SVG_SPACE = "{http://www.w3.org/2000/svg}"
SVG_NAME = "http://www.w3.org/2000/svg"
MOST_BYTES = 16 * 2**20


def visible(text: str, keep: str = "\n") -> str:
    """Show what cannot be seen: control, bidi, zero-width and unpaired characters become `\\u202e` and the like."""
    # Nearly all words pass here; the loop below costs a call for each character.
    if text.isascii() and text.isprintable():
        return text
    # `ascii` writes \u202e and the like, so that the reader sees which character stood there.
    shown = (item if item.isprintable() or item in SPACES or item in keep else ascii(item)[1:-1] for item in text)
    return _few_marks("".join(shown))


def _few_marks(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        # Scripts such as Devanagari need a few marks in a row; hundreds of them climb over the lines above.
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def escaped(text: str, keep: str = "\n") -> str:
    """Return the text fit for HTML content and for attribute values in double quotes."""
    # First made visible, then escaped: what `visible` writes holds no sign of HTML, so that nothing is escaped twice.
    return html.escape(visible(text, keep), quote=True)


def prose(text: str) -> str:
    """Return running text for HTML; a part between two backquotes is set as code."""
    # Every second part stood between backquotes; a single backquote finds no partner and stays as it is.
    parts = re.split(r"`([^`\n]+)`", text)
    return "".join(f"<code>{escaped(part)}</code>" if odd % 2 else _kept(part) for odd, part in enumerate(parts))


def _kept(text: str) -> str:
    """Return plain words for HTML; a percentage stays on one line."""
    return re.sub(r"[\d.,]+ %", r'<span class="whole">\g<0></span>', escaped(text))


def anchor_of(text: str) -> str:
    """Return a fragment identifier for a title: lower-case letters, digits and hyphens."""
    # ASCII alone: a fragment with other letters would be written differently by each browser.
    slug = "-".join(re.findall(r"[a-z0-9]+", text.lower()))
    return slug or "section"


def checked_anchor(text: str) -> str:
    """Return an anchor as it was given.

    Raises UsageError if it is not made of ASCII letters, digits and hyphens.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", text):
        raise UsageError("anchor of a section", found=repr(text), allowed="letters, digits and hyphens")
    return text


def inline_svg(svg: str, prefix: str) -> str:
    """Return the drawing with every identifier led by `prefix`, so that several can share a page.

    Raises UsageError if the text is not well-formed SVG or holds anything but shapes and words.
    """
    root = _parsed(svg, "drawing")
    if root.tag.removeprefix(SVG_SPACE) != "svg":
        raise UsageError("drawing", found=f"<{root.tag}>", allowed="an svg element")
    # Identifiers that nothing refers to are dropped: matplotlib writes one for each group.
    used = set(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", svg))
    return _written(root, prefix, used)


def inline_mathml(mathml: str) -> str:
    """Return the formula as a displayed `math` element.

    Raises UsageError if it is not well-formed or holds anything but presentation elements without attributes.
    """
    root = _parsed(f"<math>{mathml}</math>", "formula")
    for node in root.iter():
        # No attribute at all: MathML has some that load, link or run, and our formulas need none.
        if node.tag not in MATHML_TAGS or node.attrib:
            raise UsageError("formula", found=f"<{node.tag}>", allowed="plain MathML without attributes")
    return f'<math display="block">{mathml}</math>'


def _parsed(text: str, what: str) -> ElementTree.Element:
    """Parse after refusing document types, which is where entities could grow."""
    # Entities can be declared only in a document type; without one a text cannot grow while it is parsed.
    if len(text) > MOST_BYTES or "<!" in text or "<?" in text:
        raise UsageError(what, found="a document type, a comment or too long a text", allowed="elements only")
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError as problem:
        raise UsageError(what, found=f"text that is not well-formed ({problem})") from None


def _written(node: ElementTree.Element, prefix: str, used: set[str]) -> str:
    """Write an element and all below it."""
    tag = node.tag.removeprefix(SVG_SPACE)
    if tag not in SVG_TAGS:
        raise UsageError("drawing", found=f"<{tag}>", allowed=", ".join(sorted(SVG_TAGS)))
    attributes = [_attribute(name, value, prefix, used) for name, value in node.attrib.items()]
    head = " ".join([tag, *(part for part in attributes if part)])
    # ElementTree puts the namespace into every tag's name; in HTML it stands once, at the root.
    space = f' xmlns="{SVG_NAME}"' if tag == "svg" else ""
    inner = _text(node.text) + "".join(_written(child, prefix, used) + _text(child.tail) for child in node)
    return f"<{head}{space}>{inner}</{tag}>" if inner else f"<{head}{space}/>"


def _text(text: str | None) -> str:
    """Write the words, without the line breaks between elements."""
    return html.escape(text, quote=False) if text and not (text.isspace() and "\n" in text) else ""


def _attribute(name: str, value: str, prefix: str, used: set[str]) -> str:
    """Write one attribute; an identifier nothing refers to is dropped."""
    # `{http://…}href` is `href` to a browser that reads SVG inside HTML.
    name = name.rpartition("}")[2]
    if name == "id":
        return f'id="{html.escape(prefix + value)}"' if value in used else ""
    if name == "href":
        value = value.replace("#", f"#{prefix}", 1)
    # References follow the identifiers they name, so that two drawings on a page keep apart.
    value = value.replace("url(#", f"url(#{prefix}")
    # A backslash is refused as well: CSS reads `u\72l(` as `url(`, which no search for letters would find.
    outside = "url(" in value.replace("url(#", "") or (name == "href" and not value.startswith("#"))
    if outside or name.lower().startswith("on") or "\\" in value:
        raise UsageError("drawing", found=f"attribute {name}", allowed="references inside the drawing")
    return f'{name}="{html.escape(" ".join(value.split()))}"'
