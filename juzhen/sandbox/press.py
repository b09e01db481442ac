"""The press (发布): drafts are submitted, reviewed, and shown to followers or refused.

Submitted is not shown: the verdict falls when the review time is over, whoever looks first. There
is no idempotency key, so what is submitted twice is shown twice; the tests count on that.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from juzhen.sandbox.accounts import Accounts, OfficialAccount
from juzhen.sandbox.callbacks import Callbacks
from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.knobs import Knobs
from juzhen.sandbox.ledger import Ledger
from juzhen.sandbox.library import Library
from juzhen.sandbox.limits import Said

SHOWN, PUBLISHING, DELETED, BANNED = 0, 1, 5, 6
_NAMES_THE_ARTICLES = (2, 4)
"""With these verdicts the platform says which articles it minds."""


class Press:
    """Jobs under review, and articles that followers see."""

    def __init__(
        self,
        ledger: Ledger,
        clock: MovableClock,
        knobs: Knobs,
        accounts: Accounts,
        library: Library,
        callbacks: Callbacks,
    ) -> None:
        self._ledger, self._clock, self._knobs = ledger, clock, knobs
        self._accounts, self._library, self._callbacks = accounts, library, callbacks

    def submit(self, account: OfficialAccount, media_id: str) -> int:
        """Put a draft before the review; the number of the job."""
        with self._ledger.turn() as db:
            draft = self._library.drafted(account, media_id)
            now = self._clock.seconds()
            number = db.execute(
                "insert into jobs (appid, media_id, articles, submitted, ready, verdict)"
                " values (?, ?, ?, ?, ?, ?)",
                (
                    account.appid,
                    media_id,
                    draft["articles"],
                    now,
                    now + self._knobs["review_seconds"],
                    self.verdict_on(draft["articles"]),
                ),
            ).lastrowid
        self.settle()
        return number or 0

    def verdict_on(self, articles: str) -> int:
        """What the review will say; 0 is nothing against it."""
        if fault := self._knobs.take("freepublish/submit", 0, only="refuse_review"):
            return int(fault.told.get("status", 4))
        words: dict[str, int] = self._knobs["refusing_words"]
        return next((status for word, status in words.items() if word in articles), SHOWN)

    def settle(self) -> None:
        """End every review whose time is over: show or refuse, and tell the company."""
        with self._ledger.turn() as db:
            now = self._clock.seconds()
            for job in db.execute(
                "select * from jobs where settled is null and ready <= ? order by publish_id",
                (now,),
            ).fetchall():
                article_id = None
                if job["verdict"] == SHOWN:
                    shown = job["articles"], job["media_id"], job["ready"]
                    article_id = self.show(job["appid"], *shown)
                db.execute(
                    "update jobs set settled = ?, article_id = ? where publish_id = ?",
                    (now, article_id, job["publish_id"]),
                )
                self._tell(job["publish_id"])

    def show(self, appid: str, articles: str, media_id: str, at: float | None = None) -> str:
        """From now on followers see it; the draft is gone."""
        article_id = secrets.token_urlsafe(32)
        with self._ledger.turn() as db:
            db.execute(
                "insert into articles (article_id, appid, articles, published) values (?, ?, ?, ?)",
                (article_id, appid, articles, self._clock.seconds() if at is None else at),
            )
            self._library.drop_draft(media_id)
        return article_id

    def _tell(self, number: int) -> None:
        with self._ledger.turn() as db:
            job = db.execute("select * from jobs where publish_id = ?", (number,)).fetchone()
        if account := self._accounts.official(job["appid"]):
            told = self.progress(account, number, host="")
            detail = told.pop("article_detail", None)
            if detail:
                told["article_detail"] = {"count": detail["count"], "item": detail["item"]}
            fields = {"MsgType": "event", "Event": "PUBLISHJOBFINISH", "PublishEventInfo": told}
            self._callbacks.queue(account, nobody(account), fields)

    def progress(self, account: OfficialAccount, number: int, *, host: str) -> dict[str, Any]:
        """How far a job has got, in the platform's words."""
        with self._ledger.turn() as db:
            job = db.execute(
                "select * from jobs where publish_id = ? and appid = ?", (number, account.appid)
            ).fetchone()
            if job is None:
                raise Said(40035, "publish_id")
            told: dict[str, Any] = {"publish_id": str(number)}
            if job["settled"] is None:
                return told | {"publish_status": PUBLISHING, "fail_idx": []}
            pieces = len(json.loads(job["articles"]))
            if job["article_id"] is None:
                failed = list(range(1, pieces + 1)) if job["verdict"] in _NAMES_THE_ARTICLES else []
                return told | {"publish_status": job["verdict"], "fail_idx": failed}
            article = self.article(account, job["article_id"])
        items = [
            {"idx": idx, "article_url": f"{host}/s/{job['article_id']}?idx={idx}"}
            for idx in range(1, pieces + 1)
        ]
        return told | {
            "publish_status": _status(article),
            "article_id": job["article_id"],
            "article_detail": {"count": pieces, "item": items},
            "fail_idx": [],
        }

    def article(self, account: OfficialAccount | None, article_id: str) -> Any:
        """The row of an article, deleted or not. Says 53600 if there never was one."""
        with self._ledger.turn() as db:
            row = db.execute(
                "select * from articles where article_id = ?", (article_id,)
            ).fetchone()
        if row is None or (account and row["appid"] != account.appid):
            raise Said(53600)
        return row

    def articles(self, account: OfficialAccount, offset: int, count: int) -> tuple[int, list[Any]]:
        """What followers see now, newest first."""
        self.settle()
        with self._ledger.turn() as db:
            rows = db.execute(
                "select * from articles where appid = ? and banned is null"
                " order by published desc, rowid desc",
                (account.appid,),
            ).fetchall()
        seen = [row for row in rows if _status(row) == SHOWN]
        return len(seen), seen[offset : offset + count]

    def delete(self, account: OfficialAccount, article_id: str, index: int) -> None:
        """Take down one piece, or all (``index`` 0). Says 53600 if it is down already."""
        with self._ledger.turn() as db:
            row = self.article(account, article_id)
            pieces = len(json.loads(row["articles"]))
            gone = set(json.loads(row["deleted"]))
            going = {index} if index else set(range(1, pieces + 1))
            if not going <= set(range(1, pieces + 1)) or going <= gone:
                raise Said(53600)
            db.execute(
                "update articles set deleted = ? where article_id = ?",
                (json.dumps(sorted(gone | going)), article_id),
            )

    def ban(self, article_id: str) -> None:
        """The platform takes an article down after all."""
        with self._ledger.turn() as db:
            db.execute(
                "update articles set banned = ? where article_id = ?",
                (self._clock.seconds(), article_id),
            )

    def read(self, article_id: str) -> None:
        with self._ledger.turn() as db:
            db.execute("update articles set reads = reads + 1 where article_id = ?", (article_id,))

    def everything(self) -> list[Any]:
        """Every article that was ever shown, oldest first."""
        self.settle()
        with self._ledger.turn() as db:
            return db.execute("select * from articles order by published, rowid").fetchall()


def pieces_of(row: Any) -> list[dict[str, Any]]:
    """The articles of a row, each with what became of it."""
    gone = set(json.loads(row["deleted"]))
    return [
        piece | {"idx": idx, "is_deleted": idx in gone or row["banned"] is not None}
        for idx, piece in enumerate(json.loads(row["articles"]), start=1)
    ]


def _status(row: Any) -> int:
    if row["banned"] is not None:
        return BANNED
    return DELETED if all(piece["is_deleted"] for piece in pieces_of(row)) else SHOWN


def nobody(account: OfficialAccount) -> str:
    """Jobs are told in the name of nobody in particular."""
    return f"o{account.original[3:]}_platform"
