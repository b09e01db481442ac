"""Short words for events and handles in the tests of the data hub."""

from datetime import UTC, datetime, timedelta
from itertools import count

from kernel.events import Event, Handle

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_ids = count(1)


def event(kind="viewed_page", handle=None, *links, minutes=0, account="acc_app", **more):
    """Something that happened so many minutes after Monday morning."""
    at = MONDAY + timedelta(minutes=minutes)
    told = {"id": f"e{next(_ids):06}", "received": at} | more
    return Event(kind=kind, at=at, account=account, handle=handle, links=links, **told)


def user(name, account="acc_app"):
    return Handle("user", account, name)


def openid(name, account="acc_oa"):
    return Handle("openid", account, name)


def unionid(name):
    return Handle("unionid", "", name)


def mobile(number="13800138000"):
    return Handle("phone", "", number)


def device(name, account="acc_app"):
    return Handle("anonymous", account, name)
