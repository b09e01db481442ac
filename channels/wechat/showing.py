"""Showing (发布与群发): the two ways in which an official account's article reaches everybody.

Publishing (`FreePublish`) knows no key of ours, so what was lost is looked for by the mark in its
link; mass sending (`MassSend`) does, and the same key twice is one message. Which of them an
account uses is its setting. What one may not do at all is handed to a person elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from channels.base import Busy, Post, Progress, Receipt, Unanswered
from channels.wechat import messages
from channels.wechat.articles import Articles, marked
from channels.wechat.wire import Wire, text
from channels.works import Work
from kernel.crash import crash_point, declare

DRAFTED = declare("wechat.drafted", "the draft is on the platform; it is not submitted")
SUBMITTED = declare("wechat.submitted", "it is submitted; nobody here knows")
MASS_SENT = declare("wechat.mass_sent", "it is being sent to all; nobody here knows")

_GONE = frozenset({53600})
_SAME_KEY = frozenset({45065})
_PAGE = 20
_LOOK_THROUGH = 10
"""Pages of the published list to look through, newest first: 200 articles."""


class Showing(Protocol):
    """One way of showing."""

    def publish(self, post: Post, *, key: str) -> Receipt: ...
    def outcome(self, ref: str) -> Receipt: ...
    def find(self, post: Post, *, key: str) -> Receipt | None: ...
    def withdraw(self, ref: str) -> None: ...


class FreePublish:
    """发布: it stands on the account's page; nobody is notified."""

    def __init__(self, wire: Wire, articles: Articles) -> None:
        self._wire = wire
        self._articles = articles

    def publish(self, post: Post, *, key: str) -> Receipt:
        draft = self._articles.draft(post, key)
        crash_point(DRAFTED)
        told = self._wire.do("/cgi-bin/freepublish/submit", media_id=draft)
        crash_point(SUBMITTED)
        if not told.get("publish_id"):  # accepted, but under which number?
            raise Unanswered("platform_answer_unreadable", path="freepublish/submit")
        return Receipt(ref=f"publish:{told['publish_id']}", progress=Progress.SUBMITTED)

    def outcome(self, ref: str) -> Receipt:
        kind, _, number = ref.partition(":")
        if kind == "article":
            return Receipt(ref=ref, progress=Progress.SHOWN)
        told = self._wire.ask("/cgi-bin/freepublish/get", publish_id=number)
        return messages.receipt(ref, _number(told, "publish_status"))

    def find(self, post: Post, *, key: str) -> Receipt | None:
        mark = marked(post.link, key)
        for page in range(_LOOK_THROUGH):
            items = self._listed(page * _PAGE)
            for item in items:
                if any(_same(piece, mark) for piece in _pieces(item)):
                    ref = f"article:{text(item, 'article_id')}"
                    return Receipt(ref=ref, progress=Progress.SHOWN)
            if len(items) < _PAGE:
                return None
        return None

    def withdraw(self, ref: str) -> None:
        kind, _, number = ref.partition(":")
        if kind == "publish":
            told = self._wire.ask("/cgi-bin/freepublish/get", publish_id=number)
            status = messages.receipt(ref, _number(told, "publish_status")).progress
            if status in (Progress.REFUSED, Progress.WITHDRAWN):
                return
            number = str(told.get("article_id") or "")
        if not number:
            raise Busy("platform_still_publishing")
        self._wire.ask("/cgi-bin/freepublish/delete", harmless=_GONE, article_id=number)

    # what was made there

    def works(self, mark: str) -> tuple[list[Work], str]:
        """A page of what stands on the account, newest first, and the mark of the next."""
        begin = int(mark or 0)
        items = self._listed(begin)
        found = [work for item in items for work in _works(item, str(item.get("article_id") or ""))]
        return found, str(begin + _PAGE) if len(items) == _PAGE else ""

    def work(self, key: str) -> Work | None:
        """One of them; None if it is there no more."""
        article = key.partition(":")[0]
        told = self._wire.ask("/cgi-bin/freepublish/getarticle", harmless=_GONE, article_id=article)
        return next((each for each in _works({"content": told}, article) if each.id == key), None)

    def _listed(self, offset: int) -> list[Mapping[str, Any]]:
        told = self._wire.ask(
            "/cgi-bin/freepublish/batchget", offset=offset, count=_PAGE, no_content=1
        )
        return [item for item in messages.rows(told, "item") if isinstance(item, Mapping)]


class MassSend:
    """群发: every follower, or everybody with a tag, is notified. A quota of the account's."""

    def __init__(self, wire: Wire, articles: Articles, *, tag: int | None = None) -> None:
        self._wire = wire
        self._articles = articles
        self._tag = tag

    def publish(self, post: Post, *, key: str) -> Receipt:
        """``clientmsgid`` is our key: asked twice, the platform names what it sent at first."""
        draft = self._articles.draft(post, key)
        crash_point(DRAFTED)
        to = {"is_to_all": True} if self._tag is None else {"is_to_all": False, "tag_id": self._tag}
        told = self._wire.do(
            "/cgi-bin/message/mass/sendall", harmless=_SAME_KEY, filter=to, msgtype="mpnews",
            mpnews={"media_id": draft}, send_ignore_reprint=0, clientmsgid=key,
        )  # fmt: skip
        crash_point(MASS_SENT)
        if not told.get("msg_id"):
            raise Unanswered("platform_answer_unreadable", path="mass/sendall")
        return Receipt(ref=f"mass:{told['msg_id']}", progress=Progress.SUBMITTED)

    def outcome(self, ref: str) -> Receipt:
        told = self._wire.ask("/cgi-bin/message/mass/get", msg_id=_of(ref))
        progress, reason = _MASS.get(str(told.get("msg_status")), (Progress.SUBMITTED, ""))
        return Receipt(ref=ref, progress=progress, reason=reason)

    def find(self, post: Post, *, key: str) -> Receipt | None:
        """The key itself tells."""
        return None

    def withdraw(self, ref: str) -> None:
        """The page is deleted; who was notified keeps a card that leads nowhere."""
        self._wire.ask("/cgi-bin/message/mass/delete", harmless=_GONE, msg_id=_of(ref))


_MASS = {
    "SEND_SUCCESS": (Progress.SHOWN, ""),
    "SENDING": (Progress.SUBMITTED, ""),
    "SEND_FAIL": (Progress.REFUSED, "platform_could_not_send"),
    "DELETE": (Progress.WITHDRAWN, "deleted_on_the_platform"),
}


def _of(ref: str) -> int | str:
    number = ref.partition(":")[2]
    return int(number) if number.isdecimal() else number


def _pieces(item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    content = item.get("content")
    news = messages.rows(content, "news_item") if isinstance(content, Mapping) else []
    return [piece for piece in news if isinstance(piece, Mapping)]


def _works(item: Mapping[str, Any], article: str) -> Iterator[Work]:
    """Its pieces, but for those which came from here: their links carry our key."""
    at = str(item.get("update_time") or "")
    for place, piece in enumerate(_pieces(item), start=1):
        ours = "#dlv_" in str(piece.get("content_source_url") or "")
        url = str(piece.get("url") or "")
        if article and url and not ours and not piece.get("is_deleted"):
            yield Work(
                id=f"{article}:{place}", title=str(piece.get("title") or "")[:200], url=url,
                summary=str(piece.get("digest") or "")[:500],
                at=datetime.fromtimestamp(int(at), UTC) if at.isdecimal() else None,
            )  # fmt: skip


def _same(piece: Mapping[str, Any], mark: str) -> bool:
    return piece.get("content_source_url") == mark and not piece.get("is_deleted")


def _number(told: Mapping[str, Any], name: str) -> int:
    value = str(told.get(name, ""))
    if not value.isdecimal():
        raise Busy("platform_answer_unreadable", path=name)
    return int(value)
