"""Where files lie (存储桶地址): the address of a bucket, read and checked. Connects to nothing."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from kernel.secret import Secret

_OPTIONS = {"region", "style", "public", "ca"}


class Place(NamedTuple):
    """Where a company's files lie."""

    endpoint: str | None
    """None is Amazon's own, by region."""
    bucket: str
    prefix: str
    key: str = ""
    secret: Secret = Secret("")
    region: str = "us-east-1"
    style: str = "path"
    public: str | None = None
    """Where customers' browsers reach the store; None if they do not, and we hand files on."""
    ca: str | None = None


def place(url: str) -> Place:
    """``s3+https://KEY:SECRET@host/bucket/prefix?region=…&style=path|host&public=https://…``.

    ``s3://bucket/prefix`` is Amazon's; without a key the machine's own role is asked. Raises
    `ValueError` with what is wrong, never with the secret.
    """
    told = urlsplit(url)
    asked = {name: values[-1] for name, values in parse_qs(told.query).items()}
    if unknown := asked.keys() - _OPTIONS:
        raise ValueError(f"{min(unknown)} is no option of an S3 address")
    if asked.get("style", "path") not in {"path", "host"}:
        raise ValueError("style is path or host")
    where = told.path.strip("/")
    if told.scheme == "s3":
        endpoint, bucket, prefix = None, told.hostname or "", where
    elif told.scheme in {"s3+https", "s3+http"}:
        host = told.netloc.rpartition("@")[2]
        endpoint = f"{told.scheme.removeprefix('s3+')}://{host}" if host else ""
        bucket, _, prefix = where.partition("/")
    else:
        raise ValueError("an S3 address begins with s3://, s3+https:// or s3+http://")
    if not bucket or endpoint == "":
        raise ValueError("an S3 address names a bucket: s3+https://host/bucket/prefix")
    return Place(
        endpoint, bucket, f"{prefix}/" if prefix else "",
        unquote(told.username or ""), Secret(unquote(told.password or "")), **asked,
    )  # fmt: skip
