"""Files on S3 (对象存储), in any store that speaks its protocol. Knows no media.

Bytes are kept under their digest, so an upload is a conditional put that nobody can spoil, a second
upload costs one question, and what we read is checked against its name to the last byte. boto3 is
imported when the first question is asked.
"""

from __future__ import annotations

import base64
import hashlib
import io
import secrets
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import IO, Any, BinaryIO
from urllib.parse import quote, urlsplit

from kernel.errors import NotFound, Overloaded
from stores.examined import Examined
from stores.files import Form, Ticket, checked_key
from stores.s3 import staging
from stores.s3.asking import ABSENT, SOON, asked, code_of, session
from stores.s3.places import Place
from stores.s3.reading import Body

_CHUNK = 1 << 20
_SPOOLED = 8 << 20
_OPENING = threading.Lock()
"""boto3's session makes one client at a time."""
_TAKEN = {"412", "PreconditionFailed", "409", "ConditionalRequestConflict"}
_RIGHTS = "Give the key the rights to list, get, put and delete in this bucket."
_ADVICE = {
    "NoSuchBucket": "Make the bucket, or name another: juzhen makes none.",
    "SignatureDoesNotMatch": "The secret does not belong to the key.",
    "InvalidAccessKeyId": "The store does not know this key.",
    "RequestTimeTooSkewed": "Set this machine's clock by NTP: it differs from the store's.",
}


class S3:
    """A `stores.files.Files`: ``<prefix>sha256-…`` in one bucket."""

    def __init__(
        self,
        at: Place,
        *,
        part: int = 8 << 20,
        patience: float = 10.0,
        attempts: int = 3,
        fresh: timedelta = timedelta(hours=12),
    ) -> None:
        """What is larger than a ``part`` goes up in parts; ``patience`` is seconds of silence; what
        is put again within ``fresh`` is left as it lies."""
        self._at = at
        self._part = part
        self._patience = patience
        self._attempts = attempts
        self._fresh = fresh
        self._clients: dict[str, Any] = {}

    def put(self, data: bytes | BinaryIO, kind: str) -> str:
        source = io.BytesIO(data) if isinstance(data, bytes) else data
        with tempfile.SpooledTemporaryFile(_SPOOLED) as spooled:
            digest, size = _spool(source, spooled)
            key = f"sha256-{digest.hex()}"
            there = self._kept(key) == size
            if there and self._is_fresh(key):
                return key
            if size > self._part:
                self._put_in_parts(key, spooled, size, kind)
            else:
                self._put_whole(key, spooled.read(), digest, kind, again=there)
        return key

    def _is_fresh(self, key: str) -> bool:
        return datetime.now(UTC) - self.put_at(key) < self._fresh

    def _kept(self, key: str) -> int | None:
        try:
            return self.size(key)
        except NotFound:
            return None

    def _put_whole(self, key: str, data: bytes, digest: bytes, kind: str, *, again: bool) -> None:
        """Put ``again``, it is known to be in use: nobody takes it for what an upload left."""
        only: dict[str, Any] = {} if again else {"IfNoneMatch": "*"}
        with asked(key, allowing=_TAKEN):
            answer = self._client().put_object(
                Bucket=self._at.bucket, Key=self._name(key), Body=data, ContentType=kind,
                ChecksumSHA256=base64.b64encode(digest).decode(), **only,
            )  # fmt: skip
            self._confirm(key, answer, hashlib.md5(data, usedforsecurity=False).hexdigest())

    def _confirm(self, key: str, answer: dict[str, Any], md5: str) -> None:
        """What the store says it took is what we gave: else it is taken away again."""
        tag = str(answer.get("ETag", "")).strip('"')
        sealed = "ServerSideEncryption" in answer or "SSECustomerAlgorithm" in answer
        if sealed or len(tag) != 32 or tag == md5:
            return
        self.drop(key)
        raise Overloaded("store_is_unavailable", seconds=SOON)

    def _put_in_parts(self, key: str, file: IO[bytes], size: int, kind: str) -> None:
        """Goes on where an upload of the same bytes broke off, whoever began it."""
        client, where = self._client(), {"Bucket": self._at.bucket, "Key": self._name(key)}
        with asked(key, allowing=_TAKEN):
            upload = self._begun(key) or client.create_multipart_upload(
                **where, ContentType=kind
            )["UploadId"]  # fmt: skip
            there = self._parts(key, upload)
            parts = []
            for number in range(1, -(-size // self._part) + 1):
                piece = file.read(self._part)
                md5 = hashlib.md5(piece, usedforsecurity=False)
                if there.get(number) != (len(piece), md5.hexdigest()):
                    client.upload_part(
                        **where, UploadId=upload, PartNumber=number, Body=piece,
                        ContentMD5=base64.b64encode(md5.digest()).decode(),
                    )  # fmt: skip
                parts.append({"PartNumber": number, "ETag": f'"{md5.hexdigest()}"'})
            client.complete_multipart_upload(
                **where, UploadId=upload, MultipartUpload={"Parts": parts}
            )
        if self._kept(key) != size:
            self.drop(key)
            raise Overloaded("store_is_unavailable", seconds=SOON)

    def _begun(self, key: str) -> str | None:
        """An upload of these bytes that was not finished, the newest."""
        name = self._name(key)
        told = self._client().list_multipart_uploads(Bucket=self._at.bucket, Prefix=name)
        begun = [each for each in told.get("Uploads", ()) if each["Key"] == name]
        newest = max(begun, key=lambda each: each["Initiated"], default=None)
        return str(newest["UploadId"]) if newest else None

    def _parts(self, key: str, upload: str) -> dict[int, tuple[int, str]]:
        pages = self._client().get_paginator("list_parts").paginate(
            Bucket=self._at.bucket, Key=self._name(key), UploadId=upload
        )  # fmt: skip
        return {
            each["PartNumber"]: (each["Size"], each["ETag"].strip('"'))
            for page in pages
            for each in page.get("Parts", ())
        }

    def open(self, key: str) -> BinaryIO:
        size = self.size(checked_key(key))
        body = Body(lambda start: self._stretch(key, start), key, size)
        return io.BufferedReader(body, _CHUNK)

    def _stretch(self, key: str, start: int) -> Any:
        """The bytes from ``start`` on, as the store sends them."""
        with asked(key):
            return self._client().get_object(
                Bucket=self._at.bucket, Key=self._name(key), Range=f"bytes={start}-"
            )["Body"]

    def size(self, key: str) -> int:
        return int(self._head(key)["ContentLength"])

    def _head(self, key: str) -> dict[str, Any]:
        name = self._name(checked_key(key))
        with asked(key):
            told: dict[str, Any] = self._client().head_object(
                Bucket=self._at.bucket, Key=name, ChecksumMode="ENABLED"
            )
        return told

    def drop(self, key: str) -> None:
        name = self._name(checked_key(key))
        with asked(key, allowing=ABSENT):
            self._client().delete_object(Bucket=self._at.bucket, Key=name)

    def keys(self) -> Iterator[str]:
        return (key for key, _ in self._listed())

    def _listed(self) -> Iterator[tuple[str, datetime]]:
        """Every key with the moment it was last put."""
        begin = self._name("sha256-")
        with asked("*"):
            pages = self._client().get_paginator("list_objects_v2").paginate(
                Bucket=self._at.bucket, Prefix=begin
            )  # fmt: skip
            for page in pages:
                for each in page.get("Contents", ()):
                    yield each["Key"].removeprefix(self._at.prefix), each["LastModified"]

    def presign(self, key: str, *, seconds: int, name: str = "") -> str | None:
        if self._at.public is None:
            return None
        told = {"Bucket": self._at.bucket, "Key": self._name(checked_key(key))}
        if name:
            told["ResponseContentDisposition"] = f"inline; filename*=UTF-8''{quote(name, safe='')}"
        url: str = self._client(self._at.public).generate_presigned_url(
            "get_object", Params=told, ExpiresIn=seconds
        )
        return url

    def ticket(self, key: str, kind: str, size: int, *, seconds: int) -> Ticket | None:
        if self._at.public is None:
            return None
        name, digest = self._name(checked_key(key)), base64.b64encode(bytes.fromhex(key[7:]))
        headers = {
            "Content-Type": kind,
            "Content-Length": str(size),
            "x-amz-checksum-sha256": digest.decode(),
        }
        url = self._client(self._at.public).generate_presigned_url(
            "put_object", ExpiresIn=seconds,
            Params={
                "Bucket": self._at.bucket, "Key": name, "ContentType": kind,
                "ContentLength": size, "ChecksumSHA256": digest.decode(),
            },
        )  # fmt: skip
        return Ticket(url, headers)

    def form(
        self, stage: str, kind: str, sizes: tuple[int, int], *, seconds: int, back: str = ""
    ) -> Form | None:
        if self._at.public is None:
            return None
        client = self._client(self._at.public)
        return staging.form(client, self._at, stage, kind, sizes, seconds, back)

    def settle(self, stage: str, kind: str) -> str:
        digest, size, tag = staging.read(self._client(), self._at, stage)
        key = f"sha256-{digest.hex()}"
        if self._kept(key) != size or not self._is_fresh(key):
            staging.copy(self._client(), self._at, stage, key, tag=tag, digest=digest, kind=kind)
        return key

    def clear(self, stage: str) -> None:
        staging.drop(self._client(), self._at, stage)

    def old(self, before: datetime) -> Iterator[str]:
        return (key for key, at in self._listed() if at < before)

    def put_at(self, key: str) -> datetime:
        told: datetime = self._head(key)["LastModified"]
        return told

    @property
    def origin(self) -> str:
        told = urlsplit(self._at.public or "")
        bucket = f"{self._at.bucket}." if self._at.style == "host" else ""
        return f"{told.scheme}://{bucket}{told.netloc}" if told.netloc else ""

    def sweep(self, before: datetime) -> int:
        """Give up uploads in parts that nobody has gone on with, and what nobody took off its
        stage; how many."""
        gone = staging.sweep(self._client(), self._at, before)
        with asked("*", allowing=ABSENT):
            pages = self._client().get_paginator("list_multipart_uploads").paginate(
                Bucket=self._at.bucket, Prefix=self._at.prefix
            )  # fmt: skip
            for each in [one for page in pages for one in page.get("Uploads", ())]:
                if each["Initiated"] <= before:
                    self._client().abort_multipart_upload(
                        Bucket=self._at.bucket, Key=each["Key"], UploadId=each["UploadId"]
                    )
                    gone += 1
        return gone

    def flaws(self) -> Iterator[str]:
        for key in self.keys():
            if self._differs(key):
                yield f"files: the bytes kept as {key} are not the ones that were put"

    def _differs(self, key: str) -> bool:
        """By the checksum that the store keeps; what has none, or one of parts, is read."""
        told = self._head(key).get("ChecksumSHA256", "")
        if told and "-" not in told:
            return base64.b64decode(told).hex() != key.removeprefix("sha256-")
        try:
            with self.open(key) as file:
                while file.read(_CHUNK):
                    pass
        except Overloaded:
            return True
        return False

    def examine(self) -> Examined:
        """Try what we need: to list, write, read and delete. Makes no bucket."""
        from botocore.exceptions import BotoCoreError, ClientError

        at = self._at
        where = f"bucket {at.bucket} at {at.endpoint or at.region}"
        try:
            self._try_rights()
        except ClientError as refused:
            says = f"{where}: {refused.operation_name} was refused ({code_of(refused)})"
            return Examined(False, says, _ADVICE.get(code_of(refused), _RIGHTS))
        except (BotoCoreError, OSError) as broken:
            says = f"{where} does not answer ({type(broken).__name__})"
            return Examined(None, says, "Is the address right, and may this machine reach it?")
        return Examined(True, f"{where}, prefix {at.prefix or 'none'}", "")

    def prepare(self) -> str:
        """Nothing is ours to make: a bucket has an owner."""
        return ""

    def _try_rights(self) -> None:
        name = f"{self._at.prefix}juzhen-may-write-{secrets.token_hex(8)}"
        where = {"Bucket": self._at.bucket}
        client = self._client()
        client.list_objects_v2(**where, Prefix=self._at.prefix, MaxKeys=1)
        client.put_object(**where, Key=name, Body=b"")
        client.get_object(**where, Key=name)["Body"].close()
        client.delete_object(**where, Key=name)

    def _name(self, key: str) -> str:
        return f"{self._at.prefix}{key}"

    def _client(self, endpoint: str | None = None) -> Any:
        endpoint = endpoint or self._at.endpoint or ""
        with _OPENING:
            if endpoint not in self._clients:
                self._clients[endpoint] = self._connect(endpoint)
            return self._clients[endpoint]

    def _connect(self, endpoint: str) -> Any:
        from botocore.config import Config

        at = self._at
        return session().client(
            "s3", endpoint_url=endpoint or None, region_name=at.region, verify=at.ca,
            aws_access_key_id=at.key or None, aws_secret_access_key=at.secret.reveal() or None,
            config=Config(
                signature_version="s3v4", connect_timeout=min(5.0, self._patience),
                read_timeout=self._patience, max_pool_connections=32,
                retries={"mode": "standard", "total_max_attempts": self._attempts},
                s3={"addressing_style": "virtual" if at.style == "host" else "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )  # fmt: skip


def _spool(source: BinaryIO, into: IO[bytes]) -> tuple[bytes, int]:
    """Take a stream in until its end, so that its name is known; its digest and size."""
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        into.write(chunk)
        size += len(chunk)
    into.seek(0)
    return digest.digest(), size
