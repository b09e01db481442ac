"""Media (媒体): pictures, PDF documents and videos, taken in by what they are, never by their name.

SVG is refused because it can run. A PDF's pages and a film's poster are drawn once each, when
somebody first asks for them. How pictures are drawn stands in `content_hub.drawing`.
"""

import hashlib
from datetime import datetime, timedelta
from itertools import islice
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from content_hub import richtext
from kernel.clock import Clock
from kernel.errors import Invalid, NotFound
from kernel.ids import new_id
from stores.changes import Changes
from stores.files import Files
from stores.records import Record, Records

MB = 1 << 20
CAPS = {"image": 20 * MB, "document": 40 * MB, "video": 60 * MB}
_POSTERS = ("cover", "thumb")
_UNDER_WAY, _SWEPT = timedelta(days=1), 500


class MediaFile(Record, kw_only=True):
    """One file that somebody uploaded; the same bytes are the same file."""

    __tablename__ = "media_files"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("med"))
    digest: Mapped[str] = mapped_column(unique=True)
    """SHA-256 of what was uploaded."""
    kind: Mapped[str]
    """``image``, ``document`` or ``video``."""
    name: Mapped[str]
    size: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    pages: Mapped[int]
    seconds: Mapped[int]
    """How long a film runs; 0 if it does not say."""
    taken_by: Mapped[str]
    taken_at: Mapped[datetime]
    look: Mapped[str] = mapped_column(default="")
    """A picture's fingerprint in hexadecimal digits, to find what looks alike."""


class Rendition(Record, kw_only=True):
    """One form of a media file: where its bytes are and what they are."""

    __tablename__ = "media_renditions"

    media: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str]
    content_type: Mapped[str]


class Media:
    """Every file that materials show."""

    def __init__(self, records: Records, files: Files, changes: Changes, clock: Clock) -> None:
        self._records = records
        self._files = files
        self._changes = changes
        self._clock = clock

    def take(
        self, data: bytes | BinaryIO, *, by: str, name: str = "", digest: str = ""
    ) -> MediaFile:
        """Take an upload in; the file that is there already, if we have these bytes.

        Raises `Invalid` naming ``file`` for what is too big, broken, of no kind we take, or other
        bytes than ``digest`` says.
        """
        read = data if isinstance(data, bytes) else data.read(max(CAPS.values()) + 1)
        kind = kind_of(read)
        if len(read) > CAPS[kind]:
            raise Invalid("file", "file_too_big", limit=CAPS[kind] // MB)
        found = hashlib.sha256(read).hexdigest()
        if digest and found != digest:
            raise Invalid("file", "file_is_broken")
        known = self.known(found)
        return known or self._keep(kind, read, found, richtext.tidy(name)[:200], by)

    def _keep(self, kind: str, data: bytes, digest: str, name: str, by: str) -> MediaFile:
        from content_hub import drawing  # two libraries that a start does not wait for

        forms, measures = drawing.READERS[kind](data)
        kept = {  # outside the transaction: drawing and writing take their time
            form: (self._files.put(made.data, made.content_type), made.content_type)
            for form, made in forms.items()
        }
        with self._records.write(f"media:{digest}") as session:
            known = session.scalar(select(MediaFile).where(MediaFile.digest == digest))
            if known is not None:
                return known
            media = MediaFile(
                digest=digest, kind=kind, name=name, size=len(data), taken_by=by,
                taken_at=self._clock(), look=drawing.look(forms), **measures._asdict(),
            )  # fmt: skip
            session.add(media)
            for form, (key, content_type) in kept.items():
                session.add(
                    Rendition(media=media.id, name=form, key=key, content_type=content_type)
                )
            self._changes.note("uploaded_media", "media", media.id, by=by, of=kind)
        return media

    def one(self, id_: str) -> MediaFile:
        with self._records.read() as session:
            found = session.get(MediaFile, id_)
        if found is None:
            raise NotFound("media", id_[:80])
        return found

    def pages(self, id_: str) -> int:
        """How many pages a document has; 0 for anything else."""
        return self.one(id_).pages

    def rendition(self, id_: str, name: str = "original") -> tuple[bytes, str]:
        """The bytes and their content type. ``original``, ``cover``, ``thumb`` or ``page-<n>``."""
        file, content_type = self.open(id_, name)
        with file:
            return file.read(), content_type

    def open(self, id_: str, name: str = "original") -> tuple[BinaryIO, str]:
        """The same, to be read bit by bit; the caller closes it."""
        with self._records.read() as session:
            form = session.get(Rendition, (id_, name))
        if form is None:
            form = self._draw(id_, name)
        return self._files.open(form.key), form.content_type

    def address(self, id_: str, name: str, *, seconds: int, shown_as: str = "") -> str | None:
        """Where a browser fetches it for a while without us; None if we hand it on ourselves."""
        if not self._files.origin:
            return None
        with self._records.read() as session:
            form = session.get(Rendition, (id_, name))
        return self._files.presign(form.key, seconds=seconds, name=shown_as) if form else None

    def sweep(self) -> int:
        """Let go of bytes that uploads left behind when they broke off; of how many files.

        What was put in the last day may belong to an upload that is under way.
        """
        until = self._clock() - _UNDER_WAY
        gone = self._files.sweep(until)
        old = self._files.old(until)
        while keys := list(islice(old, _SWEPT)):
            with self._records.read() as session:
                known = set(session.scalars(select(Rendition.key).where(Rendition.key.in_(keys))))
            for key in set(keys) - known:
                if self._files.put_at(key) < until:
                    self._files.drop(key)
                    gone += 1
        return gone

    def _draw(self, id_: str, name: str) -> Rendition:
        """A page or a poster that nobody has seen before. Drawn twice at once, it is kept once."""
        from content_hub import drawing

        media, made = self.one(id_), None
        word, _, number = name.partition("-")
        turned = int(number) if word == "page" and number.isascii() and number.isdigit() else 0
        if 1 <= turned <= media.pages:
            made = drawing.page(self.rendition(id_)[0], turned)
        elif media.kind == "video" and name in _POSTERS:
            made = drawing.poster(self.rendition(id_)[0], name)
        if made is None:
            raise NotFound("rendition", name[:80])
        key = self._files.put(made.data, made.content_type)
        with self._records.write(f"media:{id_}") as session:
            return session.merge(
                Rendition(media=id_, name=name, key=key, content_type=made.content_type)
            )

    def known(self, digest: str) -> MediaFile | None:
        """The file of these very bytes, if we have it."""
        with self._records.read() as session:
            return session.scalar(select(MediaFile).where(MediaFile.digest == digest))


def kind_of(data: bytes) -> str:
    """By the first bytes. What could be two things at once is what we encode anew or refuse."""
    if data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")):
        return "image"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image"
    if data.startswith(b"%PDF-"):
        return "document"
    if data[4:8] == b"ftyp" and data[8:12] not in {b"heic", b"heix", b"mif1", b"avif"}:
        return "video"
    raise Invalid("file", "file_of_no_known_kind")
