"""Text as it comes in (富文本): HTML is cut down to an allow-list, plain text to what is text.

Cleaning happens once, on entry, so that whatever is kept may be shown. Does not judge what is said.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from html import escape, unescape

import nh3

from kernel.errors import Flaw

_TAGS = {
    "a", "b", "blockquote", "br", "caption", "code", "dd", "del", "div", "dl", "dt", "em",
    "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "li",
    "mark", "ol", "p", "pre", "s", "section", "small", "span", "strong", "sub", "sup", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"style", "title", "lang"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
_LAZY = {**_ATTRIBUTES, "img": {*_ATTRIBUTES["img"], "data-src"}}
_STYLES = {
    "background-color", "border", "border-radius", "color", "font-size", "font-style",
    "font-weight", "letter-spacing", "line-height", "margin", "margin-bottom", "margin-top",
    "max-width", "padding", "text-align", "text-decoration", "text-indent", "width",
}  # fmt: skip
_SCHEMES = {"http", "https", "mailto", "tel"}
_TAG = re.compile(r"<(?:/?[a-zA-Z][a-zA-Z0-9:-]{0,30}(?=[\s/>])|!--)")
_TAGGED = re.compile(r"</?[a-zA-Z]")
_BLANK_LINE = re.compile(r"\n\s*\n")
_BLANKS = re.compile(r"\s+")
_BETWEEN = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]+")
"""What hides a word from a search and from no reader."""


def clean(html: str, *, lazy: bool = False) -> str:
    """HTML that can do no harm on our pages or a channel's. Cleaning twice changes nothing.

    ``lazy`` leaves where a picture really is, in the page or elsewhere, for who fetches it: that is
    not to be shown, but cleaned again.
    """
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_LAZY if lazy else _ATTRIBUTES,
        url_schemes={*_SCHEMES, "data", "file"} if lazy else _SCHEMES,
        filter_style_properties=_STYLES,
        link_rel="noopener noreferrer",
    )


def words(html: str) -> str:
    """What a reader reads of it, for search and for channels that know no markup."""
    return _BLANKS.sub(" ", unescape(unmarked(html, " "))).strip()


def unmarked(text: str, instead: str = "") -> str:
    """Without its markup, each tag replaced; in one walk, however many tags never end. What no
    browser takes for a tag (``a < b``, ``<保本>``) is read by people, and stays."""
    parts, at = [], 0
    for tag in _TAG.finditer(text):
        if tag.start() < at:
            continue  # within the one before
        if (ends := text.find(">", tag.start())) < 0:
            break
        parts.append(text[at : tag.start()])
        at = ends + 1
    return instead.join([*parts, text[at:]])


def written(text: str) -> str:
    """Paragraphs out of plain writing, at blank lines; what has markup already stays as it is."""
    if _TAGGED.search(text):
        return text
    paragraphs = (escape(part.strip(), quote=False) for part in _BLANK_LINE.split(text))
    return "".join(f"<p>{part}</p>" for part in paragraphs if part).replace("\n", "<br>")


def as_read(text: str) -> str:
    """As a reader reads it: without markup, blanks and widths, which hide words from machines."""
    plain = unicodedata.normalize("NFKC", unescape(unmarked(text)))
    return _BETWEEN.sub("", plain).casefold()


def tidy(text: str) -> str:
    """Composed, trimmed, without control characters (a NUL ends a field on some engines)."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return "".join(sign for sign in text if sign in "\n\t" or _printed(sign)).strip()


def _printed(sign: str) -> bool:
    return sign >= " " and not "\x7f" <= sign <= "\x9f"


def text_flaws(field: str, text: object, limit: int, *, required: bool = False) -> Iterator[Flaw]:
    """What is wrong with a text that came in: not a text, broken, missing, too long."""
    if not isinstance(text, str):
        yield Flaw(field, "not_a_text")
    elif any("\ud800" <= sign <= "\udfff" for sign in text):
        yield Flaw(field, "broken_text")
    elif required and not text.strip():
        yield Flaw(field, "missing")
    elif len(text) > limit:
        yield Flaw(field, "too_long", {"limit": limit, "length": len(text)})
