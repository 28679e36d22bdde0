"""SVG and MathML made fit to stand inside the page: checked against short lists, identifiers made unique.

Not here: drawing. Charts and diagrams are our own, but what is inlined is checked all the same: no scripts, no event
handlers, no reference to anything outside the drawing.
"""

from __future__ import annotations

import re
from html import escape
from xml.etree import ElementTree

from recurra.errors import UsageError

SHAPES = frozenset(("path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "use", "clipPath"))
SVG_TAGS = SHAPES | frozenset(("svg", "g", "defs", "text", "tspan", "title", "desc"))
SCRIPTS = frozenset(("msub", "msup", "msubsup", "mfrac", "msqrt", "mover"))
MATHML_TAGS = SCRIPTS | frozenset(("math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mtable", "mtr", "mtd"))
SVG_SPACE = "{http://www.w3.org/2000/svg}"
SVG_NAME = "http://www.w3.org/2000/svg"
MOST_BYTES = 16 * 2**20


def inline_svg(svg: str, prefix: str) -> str:
    """Return the drawing with every identifier led by `prefix`, so that several can share a page.

    Raises UsageError if the text is not well-formed SVG or holds anything but shapes and words.
    """
    root = _parsed(svg, "drawing")
    if root.tag.removeprefix(SVG_SPACE) != "svg":
        raise UsageError("drawing", found=f"<{root.tag}>", allowed="an svg element")
    used = set(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", svg))
    return _written(root, prefix, used)


def inline_mathml(mathml: str) -> str:
    """Return the formula as a displayed `math` element.

    Raises UsageError if it is not well-formed or holds anything but presentation elements without attributes.
    """
    root = _parsed(f"<math>{mathml}</math>", "formula")
    for node in root.iter():
        if node.tag not in MATHML_TAGS or node.attrib:
            raise UsageError("formula", found=f"<{node.tag}>", allowed="plain MathML without attributes")
    return f'<math display="block">{mathml}</math>'


def _parsed(text: str, what: str) -> ElementTree.Element:
    """Parse after refusing document types, which is where entities could grow."""
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
    space = f' xmlns="{SVG_NAME}"' if tag == "svg" else ""
    inner = _text(node.text) + "".join(_written(child, prefix, used) + _text(child.tail) for child in node)
    return f"<{head}{space}>{inner}</{tag}>" if inner else f"<{head}{space}/>"


def _text(text: str | None) -> str:
    """Write the words, without the line breaks between elements."""
    return escape(text, quote=False) if text and not (text.isspace() and "\n" in text) else ""


def _attribute(name: str, value: str, prefix: str, used: set[str]) -> str:
    """Write one attribute; an identifier nothing refers to is dropped."""
    name = name.rpartition("}")[2]
    if name == "id":
        return f'id="{escape(prefix + value)}"' if value in used else ""
    if name == "href":
        value = value.replace("#", f"#{prefix}", 1)
    value = value.replace("url(#", f"url(#{prefix}")
    outside = "url(" in value.replace("url(#", "") or (name == "href" and not value.startswith("#"))
    if outside or name.lower().startswith("on") or "\\" in value:
        raise UsageError("drawing", found=f"attribute {name}", allowed="references inside the drawing")
    return f'{name}="{escape(" ".join(value.split()))}"'
