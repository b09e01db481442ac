"""Composing (成稿): what a material looks like on a channel, with its tracked link. Sends nothing.

Texts are read in the transaction that marks a delivery; pictures are loaded after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from typing import Protocol

from channels.accounts import Account
from channels.base import Asset, Film, Message, Post
from channels.capabilities import Draft
from content_hub.materials import Material
from content_hub.materials.variants import Varied
from content_hub.tracking import Links
from content_hub.types import Types
from data_hub.identities import own_id
from kernel.events import Handle

_PICTURE = re.compile(r'<img\b[^>]*?\bsrc="/media/(?P<id>[^"/?#]+)/(?P<rendition>[^"/?#]+)"')
COVER = "cover"
CONTACT_CARD = "{留资卡片}"
"""Where it stands in a rep's words, the card goes along on which she leaves her contact."""


class Renditions(Protocol):
    """What a media file looks like in one size or form: bytes and content type."""

    def rendition(self, key: str, name: str, /) -> tuple[bytes, str]: ...


class Composer:
    """Makes posts and messages of materials."""

    def __init__(self, types: Types, media: Renditions, links: Links, *, base_url: str) -> None:
        self._types = types
        self._media = media
        self._links = links
        self._base_url = base_url.rstrip("/")

    def link(self, material: str, account: Account, rep: str = "", customer: str = "") -> str:
        """Where a reader goes on; it says what was opened, where it was shown, whose it was and, if
        it is one customer's own, for whom."""
        return f"{self._base_url}/t/{self._links.make(material, account.id, rep, customer)}"

    def post(self, material: Material, account: Account) -> Post:
        """Its texts; `illustrated` adds the pictures."""
        return self.whole(material, account)[0]

    def whole(self, material: Material, account: Account) -> tuple[Post, str]:
        """Its texts, and the file that is its cover there."""
        said = _said(material, account)
        post = Post(
            title=said.title, summary=said.summary, body="".join(self._body(said)),
            link=self.link(material.id, account),
            film=self._film(material),
        )  # fmt: skip
        return post, said.cover

    def _film(self, material: Material) -> Film | None:
        key = material.fields.get("video")
        if not isinstance(key, str) or not key:
            return None
        return Film(load=lambda: self._media.rendition(key, "original")[0])

    def illustrated(self, post: Post, cover: str) -> Post:
        """The same post with the bytes of its cover and of every picture of ours in its body."""
        front = None
        if cover:
            data, content_type = self._media.rendition(cover, COVER)
            front = Asset(name=COVER, content_type=content_type, data=data)
        return replace(post, cover=front, images=tuple(self._pictures(post.body)))

    def message(
        self, material: Material | None, account: Account, handle: Handle, words: str, rep: str,
        purpose: str = "", *, shared: bool = False,
    ) -> Message:  # fmt: skip
        """Words to one person, and a card of the material if one goes along. Its link is hers,
        unless what is said is ``shared`` with others."""
        asks, words = CONTACT_CARD in words, words.replace(CONTACT_CARD, "").strip()
        if material is None:
            return Message(handle=handle, text=words, rep=rep, purpose=purpose, asks_contact=asks)
        said = _said(material, account)
        cover = f"{self._base_url}/media/{said.cover}/{COVER}" if said.cover else ""
        return Message(
            handle=handle, text=words, title=said.title, cover=cover, kind="card",
            link=self.link(material.id, account, rep, "" if shared else own_id(handle)),
            material=material.id, rep=rep, purpose=purpose, asks_contact=asks,
        )  # fmt: skip

    def draft(self, material: Material, account: Account) -> Draft:
        """What the limits of a channel are held against when planning."""
        post, cover = self.whole(material, account)
        kind = self._types.one(material.type)
        draft = Draft(
            type={"zh": kind.zh, "en": kind.en}, shown_as=kind.channels,
            title=post.title, summary=post.summary, body=post.body, link=post.link,
        )  # fmt: skip
        if not cover:
            return draft
        data, content_type = self._media.rendition(cover, COVER)
        return replace(draft, cover_type=content_type, cover_bytes=len(data))

    def _body(self, material: Varied) -> Iterator[str]:
        """A picture that is the message comes first; a text without markup gets paragraphs."""
        kind = self._types.one(material.type)
        if "image" in kind.channels and material.cover:
            yield f'<p><img src="/media/{material.cover}/{COVER}"></p>'
        if kind.body == "html" and material.body:
            yield material.body
            return
        text = material.body or material.summary or material.title
        for line in filter(None, map(str.strip, text.splitlines())):
            yield f"<p>{escape(line)}</p>"

    def _pictures(self, body: str) -> Iterator[Asset]:
        for key, rendition in dict.fromkeys(_PICTURE.findall(body)):
            data, content_type = self._media.rendition(key, rendition)
            yield Asset(name=f"/media/{key}/{rendition}", content_type=content_type, data=data)


def _said(material: Material, account: Account) -> Varied:
    """As this account says it, in the language that it speaks (its setting ``language``)."""
    return Varied(material, account.id, str(account.settings.get("language") or ""))
