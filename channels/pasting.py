"""Pasting (粘贴): an article from 秀米, 135, Word or a WeChat page becomes a body of ours.

Markup is cut down to the allow-list with its inline style, and the pictures are fetched and kept,
because their addresses die or answer nobody else. What could not be had is named. Judges no words.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from html import escape, unescape
from typing import NamedTuple

from channels.base import Busy, Refused, Unanswered
from channels.outbound import Http
from content_hub import richtext
from content_hub.media import Media
from kernel.errors import Flaw, Invalid

LARGEST, PICTURES, SECONDS = 4_000_000, 60, 30.0
"""Characters that are read, pictures that are fetched, and how long that may take."""
_TOGETHER = 4
_IMG = re.compile(r"<img\b[^>]*>")
_PART = re.compile(r'\b(data-src|src|alt|width|height|style|title)="([^"]*)"')
_DATA = re.compile(r"data:image/[a-z.+-]+;base64,(.*)", re.DOTALL)


class Lost(NamedTuple):
    """A picture that could not be had, and why."""

    address: str
    why: Flaw


class Pasted(NamedTuple):
    """A body of ours, how many pictures came along, and which did not."""

    html: str
    taken: int
    lost: list[Lost]


class Pasting:
    """Takes articles in."""

    def __init__(self, media: Media, http: Http) -> None:
        self._media = media
        self._http = http

    def take(self, html: str, *, by: str) -> Pasted:
        """Raises `Invalid` for what is no text, or longer than any article."""
        if flaws := list(richtext.text_flaws("html", html, LARGEST)):
            raise Invalid.because(flaws)
        clean = richtext.clean(html, lazy=True)
        wanted = list(dict.fromkeys(each for each in _sources(clean) if not _ours(each)))
        until = time.monotonic() + SECONDS
        with ThreadPoolExecutor(_TOGETHER) as several:
            fetch = partial(self._fetched, by=by, until=until)
            had = dict(zip(wanted, several.map(fetch, wanted[:PICTURES]), strict=False))
        for address in wanted[PICTURES:]:
            had[address] = Flaw("html", "too_many_pictures", {"limit": PICTURES})
        lost = [Lost(each[:200], why) for each, why in had.items() if isinstance(why, Flaw)]
        body = _IMG.sub(lambda tag: _shown(tag[0], had), clean)
        return Pasted(richtext.clean(body), len(had) - len(lost), lost)

    def _fetched(self, address: str, *, by: str, until: float) -> str | Flaw:
        """The file it became, or why it did not."""
        try:
            if inline := _DATA.fullmatch(address):
                data = base64.b64decode(inline[1], validate=True)
            elif not address.startswith(("https://", "http://")):
                return Flaw("html", "picture_is_on_her_disk")
            elif time.monotonic() > until:
                return Flaw("html", "paste_took_too_long")
            else:
                answer = self._http.request("GET", address)
                if answer.status != 200:
                    return Flaw("html", "picture_is_not_there", {"status": answer.status})
                data = answer.body
            return self._kept(data, by)
        except (Busy, Unanswered, Refused) as no:
            return Flaw("html", no.reason, no.facts)
        except Invalid as no:
            return no.flaws[0]
        except binascii.Error:
            return Flaw("html", "file_is_broken")

    def _kept(self, data: bytes, by: str) -> str | Flaw:
        kept = self._media.take(data, by=by)
        return str(kept.id) if kept.kind == "image" else Flaw("html", "file_of_no_known_kind")


def _parts(tag: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in _PART.findall(tag)}


def _source(parts: dict[str, str]) -> str:
    """A page that loads its pictures late keeps the real address elsewhere."""
    late = parts.get("data-src", "")
    source = late or parts.get("src", "")
    return f"https:{source}" if source.startswith("//") else source


def _sources(html: str) -> Iterator[str]:
    for tag in _IMG.findall(html):
        if source := _source(_parts(tag)):
            yield source


def _ours(address: str) -> bool:
    return address.startswith("/media/")


def _shown(tag: str, had: dict[str, str | Flaw]) -> str:
    """The same picture by its address here; one that was lost leaves its words."""
    parts = _parts(tag)
    source = _source(parts)
    there = had.get(source)
    if isinstance(there, str):
        source = f"/media/{there}/original"
    elif not _ours(source):
        return escape(parts.get("alt", ""))
    told = {"src": source} | {
        name: value for name, value in parts.items() if name not in {"src", "data-src"}
    }
    return "<img " + " ".join(f'{name}="{escape(value)}"' for name, value in told.items()) + ">"
