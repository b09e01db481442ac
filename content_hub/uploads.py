"""Uploads (断点续传): a file that comes in piece by piece, or straight to the store.

A piece that was answered is kept, on any machine; whoever comes back asks how far it got and goes
on there. Pieces lie among the files like any bytes and are swept with what nobody knows any more.
What the file is, and whether it is taken, is the media's word.
"""

import io
import re
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content_hub import richtext
from content_hub.media import CAPS, MB, Media, MediaFile, kind_of
from kernel.clock import Clock
from kernel.errors import Conflict, Invalid, NotFound, Overloaded
from kernel.ids import new_id
from stores.files import Files, Form, Ticket
from stores.records import Record, Records

KEPT = timedelta(hours=20)
"""How long an upload may take: shorter than bytes that nobody knows are left lying."""
MOST, LARGEST = 100, max(CAPS.values())
_DIGEST = re.compile(r"[0-9a-f]{64}")
_TICKET = 3_600
_BYTES = "application/octet-stream"
KINDS = {
    ".mp4": ("video/mp4", "video"),
    ".pdf": ("application/pdf", "document"),
    ".jpg": ("image/jpeg", "image"),
    ".jpeg": ("image/jpeg", "image"),
    ".png": ("image/png", "image"),
    ".webp": ("image/webp", "image"),
    ".gif": ("image/gif", "image"),
}
"""By the ending of its name: the content type a file is posted as, and which of `CAPS` holds."""


class FileUpload(Record, kw_only=True):
    """One file on its way in."""

    __tablename__ = "file_uploads"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("upl"))
    by: Mapped[str]
    name: Mapped[str]
    size: Mapped[int]
    """0 for what a form will bring, until it is here."""
    digest: Mapped[str]
    """SHA-256 of the whole, if the sender knows it."""
    begun: Mapped[datetime] = mapped_column(index=True)
    taken: Mapped[int] = mapped_column(default=0)
    """How many bytes are here."""
    media: Mapped[str] = mapped_column(default="")
    """What became of it."""

    @property
    def expires(self) -> datetime:
        return self.begun + KEPT


class FileUploadPiece(Record, kw_only=True):
    """Some bytes of it, by where they begin."""

    __tablename__ = "file_upload_pieces"

    upload: Mapped[str] = mapped_column(primary_key=True)
    start: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]


class Uploads:
    """Every file on its way in. Each is its sender's: to others there is none."""

    def __init__(self, records: Records, files: Files, media: Media, clock: Clock) -> None:
        self._records = records
        self._files = files
        self._media = media
        self._clock = clock

    def begin(self, size: int, *, by: str, name: str = "", digest: str = "") -> FileUpload:
        """A file of so many bytes. Bytes that are here already are taken at once.

        Raises `Invalid` for a size that none of ours has, `Conflict` for too many at once.
        """
        if not 0 < size <= LARGEST:
            raise Invalid("file", "file_too_big", limit=LARGEST // MB)
        return self._begin(size, by, name, digest)

    def expect(self, name: str, *, by: str) -> FileUpload:
        """A file that a browser will post as a form: how large it is, nobody knows yet."""
        return self._begin(0, by, name, "")

    def _begin(self, size: int, by: str, name: str, digest: str) -> FileUpload:
        if digest and not _DIGEST.fullmatch(digest):
            raise Invalid("sha256", "not_a_digest")
        known = self._media.known(digest) if digest else None
        upload = FileUpload(
            by=by, name=richtext.tidy(name)[:200], size=size, digest=digest, begun=self._clock(),
            taken=size if known else 0, media=known.id if known else "",
        )  # fmt: skip
        with self._records.write(f"uploads:{by}") as session:
            going = select(func.count()).where(
                FileUpload.by == by, FileUpload.media == "", FileUpload.begun > self._clock() - KEPT
            )
            if (session.scalar(going) or 0) >= MOST:
                raise Conflict("too_many_uploads", limit=MOST)
            session.add(upload)
        return upload

    def one(self, key: str, *, by: str) -> FileUpload:
        """How far it got. Raises `NotFound` for another's, and once its time is over."""
        with self._records.read() as session:
            return self._own(session, key, by)

    def add(self, key: str, start: int, data: bytes, *, by: str) -> FileUpload:
        """The next bytes; with the last of them it is taken in, and is a media file.

        Raises `Conflict` naming where to go on, `Invalid` for what is no file of ours: it is
        forgotten then.
        """
        upload = self.one(key, by=by)
        if start != upload.taken or (upload.media and data):
            raise Conflict("upload_goes_on_elsewhere", at=upload.taken)
        if start + len(data) > upload.size:
            raise Invalid("file", "upload_is_longer", size=upload.size)
        if start == 0 and len(data) >= 16:
            kind_of(data)  # what we would never take need not come in
        if data:
            upload = self._keep(upload, start, self._files.put(data, _BYTES), len(data))
        return self._finish(upload) if upload.taken == upload.size else upload

    def ticket(self, upload: FileUpload) -> Ticket | None:
        """Leave to send all of it straight to the store; None if it has to come this way."""
        if not upload.digest or upload.taken:
            return None
        return self._files.ticket(f"sha256-{upload.digest}", _BYTES, upload.size, seconds=_TICKET)

    def form(self, upload: FileUpload, *, back: str = "") -> Form | None:
        """Leave to post all of it straight to the store as a form, which then sends the browser
        ``back``; None if it has to come this way."""
        if upload.media or upload.taken:
            return None
        kind, most = form_of(upload.name)
        sizes = (upload.size, upload.size) if upload.size else (1, most)
        return self._files.form(upload.id, kind, sizes, seconds=_TICKET, back=back)

    def arrived(self, key: str, *, by: str) -> FileUpload:
        """All of it is in the store, by ticket or by form; again, it changes nothing.

        Raises `Conflict` if it is not, `Invalid` for what is no file of ours: it is forgotten then.
        """
        upload = self.one(key, by=by)
        if upload.media:
            return upload
        if upload.digest and self._is_put(upload):
            return self._put(upload)
        return self._finish(self._posted(upload))

    def _is_put(self, upload: FileUpload) -> bool:
        try:
            return self._files.size(f"sha256-{upload.digest}") == upload.size
        except NotFound:
            return False

    def _put(self, upload: FileUpload) -> FileUpload:
        file = f"sha256-{upload.digest}"
        try:
            return self._finish(self._keep(upload, 0, file, upload.size))
        except Overloaded:  # not the bytes of its name, or the store does not answer
            if self._media.known(upload.digest) is None:
                self._files.drop(file)
            self._forget(upload.id)
            raise Conflict("upload_did_not_arrive") from None

    def _posted(self, upload: FileUpload) -> FileUpload:
        """What was posted last is it. Whatever is posted after that is nobody's."""
        if not upload.taken:
            try:
                file = self._files.settle(upload.id, _BYTES)
                upload = self._keep(upload, 0, file, self._files.size(file))
            except NotFound:
                raise Conflict("upload_did_not_arrive") from None
            except Conflict:  # another question for the same was quicker
                upload = self.one(upload.id, by=upload.by)
            self._files.clear(upload.id)
        if upload.taken != upload.size:
            raise Conflict("upload_did_not_arrive")
        return upload

    def drop(self, key: str, *, by: str) -> None:
        """Nobody goes on with it."""
        self._forget(self.one(key, by=by).id)

    def sweep(self, limit: int = 200) -> int:
        """For the worker: forget those whose time is over; their bytes are swept as any are."""
        over = select(FileUpload.id).where(FileUpload.begun <= self._clock() - KEPT).limit(limit)
        with self._records.read() as session:
            ids = list(session.scalars(over))
        for each in ids:
            self._forget(each)
        return len(ids)

    def _own(self, session: Session, key: str, by: str) -> FileUpload:
        found = session.get(FileUpload, key)
        if found is None or found.by != by or found.expires <= self._clock():
            raise NotFound("upload", key[:80])
        return found

    def _keep(self, upload: FileUpload, start: int, file: str, size: int) -> FileUpload:
        with self._records.write(f"upload:{upload.id}") as session:
            kept = self._own(session, upload.id, upload.by)
            if kept.taken != start:
                raise Conflict("upload_goes_on_elsewhere", at=kept.taken)
            session.add(FileUploadPiece(upload=kept.id, start=start, key=file))
            kept.taken = start + size
            kept.size = kept.size or size
        return kept

    def _finish(self, upload: FileUpload) -> FileUpload:
        """Sending nothing at its end tries again what a crash kept from being done."""
        if upload.media:
            return upload
        try:
            media = self._whole(upload)
        except Invalid:
            self._forget(upload.id)
            raise
        with self._records.write(f"upload:{upload.id}") as session:
            kept = session.get_one(FileUpload, upload.id)
            kept.media = media.id
            session.execute(delete(FileUploadPiece).where(FileUploadPiece.upload == kept.id))
        return kept

    def _whole(self, upload: FileUpload) -> MediaFile:
        wanted = select(FileUploadPiece.key).where(FileUploadPiece.upload == upload.id)
        with self._records.read() as session:
            keys = list(session.scalars(wanted.order_by(FileUploadPiece.start)))
        whole = io.BytesIO()
        for key in keys:
            with self._files.open(key) as piece:
                whole.write(piece.read())
        whole.seek(0)
        return self._media.take(whole, by=upload.by, name=upload.name, digest=upload.digest)

    def _forget(self, key: str) -> None:
        gone: Any = delete(FileUploadPiece).where(FileUploadPiece.upload == key)
        with self._records.write(f"upload:{key}") as session:
            session.execute(gone)
            session.execute(delete(FileUpload).where(FileUpload.id == key))


def form_of(name: str) -> tuple[str, int]:
    """As what, and at most how large, a file of this name may be posted."""
    content_type, kind = KINDS.get(PurePath(name).suffix.lower(), (_BYTES, ""))
    return content_type, CAPS.get(kind, LARGEST)
