"""Repeats (幂等键): a POST sent again with the same Idempotency-Key gets the first answer.

Kept for 24 hours. The same key with another body is refused. A form of our pages carries a key of
its own (`ONCE`), so that sending it twice does nothing twice without scripts, too: what the same
page says otherwise is another act, and an answer that led nowhere is not kept. Whoever comes while
the first is still at work waits for its answer. If the process dies between doing and keeping, the
key is free again after 30 seconds: every command behind it must bear being repeated.
"""

import hashlib
import time
from datetime import datetime, timedelta

from flask import Response, after_this_request, g, request
from sqlalchemy import delete
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.wrappers import Response as AnyResponse

from kernel.clock import Clock
from kernel.errors import Conflict, Invalid, Overloaded
from stores.personal import overwritten
from stores.records import Record, Records

KEPT = timedelta(hours=24)
AT_WORK = timedelta(seconds=30)
_LARGEST = 1_000_000
ONCE = "once"
"""The field of a form that names this very showing of it."""
_LONGEST = 40
_FORMS = {"multipart/form-data", "application/x-www-form-urlencoded"}


class KeptAnswer(Record, kw_only=True):
    """An answer that was given once, for whoever asks the same again."""

    __tablename__ = "kept_answers"

    key: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[str]
    """SHA-256 of what was asked."""
    begun: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int] = mapped_column(default=0)
    """0 while the first is still at work."""
    kind: Mapped[str] = mapped_column(default="", info={"customer": "anybody"})
    """Empty once the answer is gone, because somebody was erased of whom it may have told."""
    answer: Mapped[bytes] = mapped_column(default=b"", info={"customer": "anybody"})
    location: Mapped[str] = mapped_column(
        default="", server_default="", info={"customer": "anybody"}
    )
    """Where what was made lies, or where the browser goes on."""


class Repeats:
    """Answers by idempotency key."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def recall(self) -> AnyResponse | None:
        """The kept answer of this request, or None when it is the first of its key."""
        if g.actor is None:
            return None
        given = request.headers.get("Idempotency-Key")
        if given is None:
            return self._recall_form()
        if not 0 < len(given) <= 255:
            raise Invalid("Idempotency-Key", "idempotency_key_length", most=255)
        return self._first(f"{g.actor.id}:{given}", _digest(request.get_data()))

    def _recall_form(self) -> AnyResponse | None:
        """The same of a form that a browser itself sent; a script knows what it sends twice."""
        if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
            return None
        once = request.form.get(ONCE, "") if request.mimetype in _FORMS else ""
        if not 0 < len(once) <= _LONGEST:
            return None
        told = [*request.form.items(multi=True)]
        told += [(name, each.filename or "") for name, each in request.files.items(multi=True)]
        body = _digest(repr(told).encode())
        return self._first(f"{g.actor.id}:{ONCE}:{once}:{body[:16]}", body, form=True)

    def _first(self, key: str, body: str, *, form: bool = False) -> AnyResponse | None:
        deadline = time.monotonic() + AT_WORK.total_seconds()
        while time.monotonic() < deadline:
            kept = self._claim(key, body)
            if kept is None:
                after_this_request(lambda response: self._keep(key, response, form=form))
                return None
            if kept.body != body:
                raise Invalid("Idempotency-Key", "idempotency_key_used_for_something_else")
            if kept.status and not kept.kind:
                raise Conflict("first_answer_is_gone")
            if kept.status:
                return _again(kept)
            time.sleep(0.02)
        raise Overloaded("first_request_still_at_work", seconds=5)

    def _claim(self, key: str, body: str) -> KeptAnswer | None:
        """Claim the key (None), or say who has it."""
        now = self._clock()
        with self._records.write(f"repeat:{key}") as session:
            kept = session.get(KeptAnswer, key)
            if kept is not None and kept.status and kept.begun > now - KEPT:
                return kept
            if kept is not None and not kept.status and kept.begun > now - AT_WORK:
                return kept
            session.merge(KeptAnswer(key=key, body=body, begun=now))
        return None

    def _keep(self, key: str, response: Response, *, form: bool) -> Response:
        """Keep the answer; free the key if we failed, the answer is a stream or a form led nowhere:
        what was wrong may be right when the same is sent again."""
        keep = response.status_code < 500 and not response.is_streamed
        if form:
            keep = keep and 300 <= response.status_code < 400
        answer = response.get_data() if keep else b""
        with self._records.write(f"repeat:{key}") as session:
            kept = session.get(KeptAnswer, key)
            if kept is not None and keep and len(answer) <= _LARGEST:
                kept.status, kept.answer = response.status_code, answer
                kept.kind = response.content_type or "application/octet-stream"
                kept.location = response.location or ""
            elif kept is not None:
                session.delete(kept)
        return response

    def sweep(self) -> int:
        """Forget answers older than 24 hours."""
        with self._records.write() as session:
            overwritten(self._records, session)  # some told a customer's phone
            old = delete(KeptAnswer).where(KeptAnswer.begun < self._clock() - KEPT)
            return len(session.scalars(old.returning(KeptAnswer.key)).all())


def _digest(body: bytes) -> str:
    """Of what was asked: where, and with what."""
    asked = f"{request.path}?{request.query_string.decode('latin-1')}\0".encode()
    return hashlib.sha256(asked + body).hexdigest()


def _again(kept: KeptAnswer) -> Response:
    answer = Response(kept.answer, kept.status, content_type=kept.kind)
    if kept.location:
        answer.headers["Location"] = kept.location
    return answer
