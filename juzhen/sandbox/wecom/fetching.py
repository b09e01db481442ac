"""Files that the platform fetches itself (企业微信异步上传): by an address, checked by their MD5.

A job ends later, by callback or when it is asked for; one lives a day. Which of the four codes says
what is the twin's own. Fetches from this machine only.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any
from urllib.parse import urlsplit

import urllib3

from juzhen.sandbox.accounts import Corp
from juzhen.sandbox.callbacks import Callbacks
from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.knobs import Knobs
from juzhen.sandbox.ledger import Ledger
from juzhen.sandbox.library import Library
from juzhen.sandbox.limits import Said

_SCHEMA = """
create table if not exists wecom_fetches (
    job text primary key, corp text not null, kind text not null, url text not null,
    md5 text not null, due real not null, ended real, errcode integer not null default 0,
    media text not null default '');
"""
UNREACHABLE, TOO_BIG, WRONG_SUM, UNFIT = 830001, 830002, 830003, 830004
BYTES = 200_000_000
_DAY = 86_400.0
EVENT = "upload_media_job_finish"


class Fetches:
    """Every job."""

    def __init__(
        self, ledger: Ledger, clock: MovableClock, knobs: Knobs, library: Library,
        callbacks: Callbacks,
    ) -> None:  # fmt: skip
        ledger.extend(_SCHEMA)
        self._ledger, self._clock, self._knobs = ledger, clock, knobs
        self._library, self._callbacks = library, callbacks
        self._http = urllib3.PoolManager(retries=False, timeout=5.0)

    def begin(self, corp: Corp, kind: str, url: str, md5: str) -> str:
        job = f"job{secrets.token_hex(10)}"
        due = self._clock.seconds() + float(self._knobs["review_seconds"])
        with self._ledger.turn() as db:
            db.execute(
                "insert into wecom_fetches (job, corp, kind, url, md5, due) values (?, ?, ?, ?, ?,"
                " ?)", (job, corp.appid, kind, url, md5.lower(), due),
            )  # fmt: skip
        return job

    def settle(self, corps: dict[str, Corp]) -> int:
        """End the jobs that are due, and tell of each; how many."""
        with self._ledger.turn() as db:
            due = db.execute(
                "select * from wecom_fetches where ended is null and due <= ?",
                (self._clock.seconds(),),
            ).fetchall()
        for row in due:
            if (corp := corps.get(row["corp"])) is None:
                continue
            code, media = self._fetched(corp, row)
            with self._ledger.turn() as db:
                db.execute(
                    "update wecom_fetches set ended = ?, errcode = ?, media = ? where job = ?",
                    (self._clock.seconds(), code, media, row["job"]),
                )
            self._callbacks.queue(
                corp, "sys", {"MsgType": "event", "Event": EVENT, "JobId": row["job"]}
            )
        return len(due)

    def _fetched(self, corp: Corp, row: Any) -> tuple[int, str]:
        if urlsplit(row["url"]).hostname not in ("127.0.0.1", "localhost"):
            return UNREACHABLE, ""
        try:
            answer = self._http.request("GET", row["url"])
        except urllib3.exceptions.HTTPError:
            return UNREACHABLE, ""
        if answer.status != 200:
            return UNREACHABLE, ""
        if len(answer.data) > BYTES:
            return TOO_BIG, ""
        if hashlib.md5(answer.data, usedforsecurity=False).hexdigest() != row["md5"]:
            return WRONG_SUM, ""
        try:
            return 0, self._library.upload(corp, row["kind"], answer.data, permanent=False)[0]
        except Said:
            return UNFIT, ""

    def told(self, corp: Corp, job: str) -> dict[str, Any]:
        """How a job stands; says 40058 for one of nobody's, or of more than a day ago."""
        with self._ledger.turn() as db:
            row = db.execute(
                "select * from wecom_fetches where job = ? and corp = ?", (job, corp.appid)
            ).fetchone()
        if row is None or (row["ended"] or row["due"]) + _DAY < self._clock.seconds():
            raise Said(40058, "invalid jobid")
        if row["ended"] is None:
            return {"status": 1}
        if row["errcode"]:
            return {"status": 3, "detail": {"errcode": row["errcode"], "errmsg": "failed"}}
        return {
            "status": 2,
            "detail": {"errcode": 0, "errmsg": "ok", "media_id": row["media"],
                       "created_at": str(int(row["ended"]))},
        }  # fmt: skip
