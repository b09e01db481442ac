"""Asking an S3 store (存储请求): one session a process, and its errors in our words."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from kernel.errors import NotFound, Overloaded

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

SOON = 5
ABSENT = {"404", "NoSuchKey", "NotFound", "NoSuchUpload"}


@cache
def session() -> Any:
    """One for the process: it keeps the protocol's description, which takes long to read."""
    import boto3

    return boto3.session.Session()


@contextmanager
def asked(key: str, *, allowing: Collection[str] = ()) -> Iterator[None]:
    """The store's errors in our words. What is ``allowing`` did no harm."""
    from botocore.exceptions import BotoCoreError, ClientError
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ClientError as refused:
        code = code_of(refused)
        if code in allowing:
            return
        if code in ABSENT:
            raise NotFound("file", key) from refused
        raise Overloaded("store_is_unavailable", seconds=SOON) from refused
    except (BotoCoreError, HTTPError, OSError) as broken:
        raise Overloaded("store_is_unavailable", seconds=SOON) from broken


def code_of(refused: ClientError) -> str:
    return str(refused.response.get("Error", {}).get("Code", ""))
