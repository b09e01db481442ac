"""Repeats (幂等键): a POST sent again with the same Idempotency-Key gets the first answer.

Kept for 24 hours. The same key with another body is refused. Whoever comes while the first is
still at work waits for its answer. If the process dies between doing and keeping, the key is free
again after 30 seconds: every command behind it must bear being repeated.
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
        given = request.headers.get("Idempotency-Key")
        if given is None or g.actor is None:
            return None
        if not 0 < len(given) <= 255:
            raise Invalid("Idempotency-Key", "idempotency_key_length", most=255)
        asked = f"{request.path}?{request.query_string.decode('latin-1')}\0".encode()
        body = hashlib.sha256(asked + request.get_data()).hexdigest()
        key = f"{g.actor.id}:{given}"
        deadline = time.monotonic() + AT_WORK.total_seconds()
        while time.monotonic() < deadline:
            kept = self._claim(key, body)
            if kept is None:
                after_this_request(lambda response: self._keep(key, response))
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

    def _keep(self, key: str, response: Response) -> Response:
        """Keep the answer; free the key if we failed or the answer is a stream."""
        keep = response.status_code < 500 and not response.is_streamed
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


def _again(kept: KeptAnswer) -> Response:
    answer = Response(kept.answer, kept.status, content_type=kept.kind)
    if kept.location:
        answer.headers["Location"] = kept.location
    return answer
