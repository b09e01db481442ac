"""Where forms post to (暂存): objects beside the files, each under a name of its own.

Of what a form brings a store checks kind, size and place, not the digest: so it never lies where a
file is looked for. It is copied there once its digest is known, if it is still what was read.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kernel.errors import Overloaded
from stores.files import Form, checked_stage
from stores.s3.asking import ABSENT, SOON, asked
from stores.s3.places import Place

_CHUNK = 1 << 20


def form(
    client: Any, at: Place, stage: str, kind: str, sizes: tuple[int, int], seconds: int, back: str
) -> Form:
    """Signed for one place, one kind and these sizes; the store sends the browser ``back``."""
    fixed = {"Content-Type": kind} | ({"success_action_redirect": back} if back else {})
    told = client.generate_presigned_post(
        at.bucket, name(at, stage), Fields=dict(fixed), ExpiresIn=seconds,
        Conditions=[
            *({field: value} for field, value in fixed.items()), ["content-length-range", *sizes],
        ],
    )  # fmt: skip
    return Form(told["url"], told["fields"])


def read(client: Any, at: Place, stage: str) -> tuple[bytes, int, str]:
    """The digest and size of what lies there, and the store's tag of it."""
    digest, size = hashlib.sha256(), 0
    with asked(stage):
        told = client.get_object(Bucket=at.bucket, Key=name(at, stage))
        with told["Body"] as body:
            while chunk := body.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    return digest.digest(), size, told["ETag"]


def copy(
    client: Any, at: Place, stage: str, to: str, *, tag: str, digest: bytes, kind: str
) -> None:
    """Within the store. Raises `Overloaded` if something else was posted since it was read."""
    told = {"Bucket": at.bucket, "Key": f"{at.prefix}{to}"}
    with asked(stage):
        answer = client.copy_object(
            **told, CopySource={"Bucket": at.bucket, "Key": name(at, stage)},
            CopySourceIfMatch=tag, MetadataDirective="REPLACE", ContentType=kind,
            ChecksumAlgorithm="SHA256",
        )  # fmt: skip
        right = base64.b64encode(digest).decode()
        if answer["CopyObjectResult"].get("ChecksumSHA256", right) != right:
            client.delete_object(**told)
            raise Overloaded("store_is_unavailable", seconds=SOON)


def drop(client: Any, at: Place, stage: str) -> None:
    with asked(stage, allowing=ABSENT):
        client.delete_object(Bucket=at.bucket, Key=name(at, stage))


def sweep(client: Any, at: Place, before: datetime) -> int:
    """Let go of what nobody took, put that moment or earlier; how many."""
    left = [each for each, put_at in _listed(client, at) if put_at <= before]
    with asked("*", allowing=ABSENT):
        for each in left:
            client.delete_object(Bucket=at.bucket, Key=each)
    return len(left)


def _listed(client: Any, at: Place) -> Iterator[tuple[str, datetime]]:
    with asked("*"):
        pages = client.get_paginator("list_objects_v2").paginate(
            Bucket=at.bucket, Prefix=f"{at.prefix}staged-"
        )  # fmt: skip
        for page in pages:
            for each in page.get("Contents", ()):
                yield each["Key"], each["LastModified"]


def name(at: Place, stage: str) -> str:
    return f"{at.prefix}staged-{checked_stage(stage)}"
