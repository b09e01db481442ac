"""Uploads (素材上传记录): what an account has of our pictures already. Uploads nothing itself.

Permanent material is a quota of the account's, and most covers are used again.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Mapped, mapped_column

from channels.base import Asset
from kernel.clock import Clock
from stores.records import Record, Records


class Upload(Record, kw_only=True):
    """One picture, as one account knows it."""

    __tablename__ = "uploads"

    account: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    told: Mapped[str]
    """The platform's id or address for it."""
    at: Mapped[datetime]


class Uploads:
    """What was uploaded by account, purpose and content."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def once(
        self,
        account: str,
        purpose: str,
        asset: Asset,
        upload: Callable[[Asset], str],
        *,
        life: timedelta | None = None,
    ) -> str:
        """What the platform calls it, uploading it only if it never was, or ``life`` is over."""
        digest = hashlib.sha256(asset.data).hexdigest()
        with self._records.read() as session:
            known = session.get(Upload, (account, purpose, digest))
            if known and (life is None or known.at + life > self._clock()):
                return known.told
        told = upload(asset)
        row = Upload(account=account, purpose=purpose, digest=digest, told=told, at=self._clock())
        with self._records.write(f"uploads_of:{account}") as session:  # others upload the same
            session.merge(row)
        return told

    def forget(self, account: str) -> None:
        """The platform says that it does not know one of them: upload all again when needed."""
        with self._records.write() as session:
            session.execute(delete(Upload).where(Upload.account == account))
