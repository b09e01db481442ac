"""The platform's library (素材与草稿): uploaded files and drafts of articles. Shows nothing."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import nh3

from juzhen.sandbox import limits
from juzhen.sandbox.accounts import Corp, OfficialAccount
from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.ledger import Ledger
from juzhen.sandbox.limits import Said

PICTURES = "/mmbiz/"
"""Pictures inside articles come from here; all others are filtered out."""

_KINDS = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"#!AMR": "audio/amr",
    b"ID3": "audio/mpeg",
}
_OF_TYPE = {
    "image": ("image/",),
    "thumb": ("image/jpeg", "image/png"),
    "voice": ("audio/",),
    "video": ("video/",),
    "uploadimg": ("image/jpeg", "image/png"),
}


class Library:
    """Files and drafts by their media ids."""

    def __init__(self, ledger: Ledger, clock: MovableClock) -> None:
        self._ledger, self._clock = ledger, clock

    def upload(
        self, account: OfficialAccount | Corp, kind: str, data: bytes, *, permanent: bool
    ) -> tuple[str, int]:
        """Take a file; its media id, and when it was made."""
        if kind not in _OF_TYPE:
            raise Said(40004)
        if not data:
            raise Said(41005)
        if len(data) > limits.BYTES_OF[kind]:
            raise Said(45001)
        content_type = _content_type(data)
        if not content_type.startswith(_OF_TYPE[kind]):
            raise Said(40005)
        media_id, now = secrets.token_urlsafe(32), self._clock.seconds()
        with self._ledger.turn() as db:
            db.execute(
                "insert into files values (?, ?, ?, ?, ?, ?, ?)",
                (media_id, account.appid, kind, permanent, content_type, data, now),
            )
        return media_id, int(now)

    def file(self, media_id: str, account: OfficialAccount | Corp | None = None) -> Any:
        """The row of a file that is still there; a temporary one lives three days."""
        with self._ledger.turn() as db:
            row = db.execute("select * from files where media_id = ?", (media_id,)).fetchone()
        if row is None or (account and row["appid"] != account.appid):
            raise Said(40007)
        ends = row["made"] + limits.TEMPORARY_SECONDS
        if not row["permanent"] and ends < self._clock.seconds():
            raise Said(40007)
        return row

    def drop(self, account: OfficialAccount, media_id: str) -> None:
        if not self.file(media_id, account)["permanent"]:
            raise Said(40007)
        with self._ledger.turn() as db:
            db.execute("delete from files where media_id = ?", (media_id,))

    def draft(self, account: OfficialAccount, articles: Sequence[Mapping[str, Any]]) -> str:
        """Keep a draft of one to eight articles; its media id."""
        if not articles or len(articles) > 8:
            raise Said(44003)
        with self._ledger.turn() as db:
            kept = [self._article(account, article) for article in articles]
            media_id = secrets.token_urlsafe(32)
            db.execute(
                "insert into drafts values (?, ?, ?, ?)",
                (
                    media_id,
                    account.appid,
                    json.dumps(kept, ensure_ascii=False),
                    self._clock.seconds(),
                ),
            )
        return media_id

    def _article(self, account: OfficialAccount, told: Mapping[str, Any]) -> dict[str, Any]:
        title, content = str(told.get("title") or ""), str(told.get("content") or "")
        digest, link = str(told.get("digest") or ""), str(told.get("content_source_url") or "")
        author = str(told.get("author") or "")
        if not title or len(title) > limits.TITLE_CHARACTERS:
            raise Said(45003)
        if len(author) > limits.AUTHOR_CHARACTERS:
            raise Said(45110)
        if len(digest) > limits.DIGEST_CHARACTERS:
            raise Said(45004)
        if len(link.encode()) > limits.LINK_BYTES:
            raise Said(45005)
        if not content:
            raise Said(44004)
        if (
            len(content) >= limits.CONTENT_CHARACTERS
            or len(content.encode()) >= limits.CONTENT_BYTES
        ):
            raise Said(45002)
        thumb = str(told.get("thumb_media_id") or "")
        if not self.file(thumb, account)["permanent"]:
            raise Said(40007)
        return {
            "title": title,
            "author": author,
            "digest": digest or _plain(content)[:54],
            "content": filtered(content),
            "content_source_url": link,
            "thumb_media_id": thumb,
            "show_cover_pic": 0,
            "need_open_comment": int(told.get("need_open_comment") or 0),
            "only_fans_can_comment": int(told.get("only_fans_can_comment") or 0),
        }

    def drafted(self, account: OfficialAccount, media_id: str) -> Any:
        with self._ledger.turn() as db:
            row = db.execute(
                "select * from drafts where media_id = ? and appid = ?", (media_id, account.appid)
            ).fetchone()
        if row is None:
            raise Said(40007)
        return row

    def drop_draft(self, media_id: str) -> None:
        with self._ledger.turn() as db:
            db.execute("delete from drafts where media_id = ?", (media_id,))

    def drafts(self, account: OfficialAccount, offset: int, count: int) -> tuple[int, list[Any]]:
        with self._ledger.turn() as db:
            (total,) = db.execute(
                "select count(*) from drafts where appid = ?", (account.appid,)
            ).fetchone()
            rows = db.execute(
                "select * from drafts where appid = ? order by made desc limit ? offset ?",
                (account.appid, count, offset),
            ).fetchall()
        return total, rows


def filtered(content: str) -> str:
    """Without scripts, and without pictures from anywhere but `uploadimg`."""

    def keep(tag: str, name: str, value: str) -> str | None:
        return None if (tag, name) == ("img", "src") and PICTURES not in value else value

    clean = nh3.clean(content, attribute_filter=keep)
    return re.sub(r"<img(?![^>]*\ssrc=)[^>]*>", "", clean)


def _plain(content: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content)).strip()


def _content_type(data: bytes) -> str:
    for start, content_type in _KINDS.items():
        if data.startswith(start):
            return content_type
    return "video/mp4" if data[4:8] == b"ftyp" else "application/octet-stream"
