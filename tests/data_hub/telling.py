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


ACTS = {
    "a page": ("viewed_page", 0, {}),
    "a page of long ago": ("viewed_page", -40, {"traits": {"city": "宁波"}}),
    "a place": ("located", 0, {"longitude": 121.5}),
    "a place on a map of China": ("located", 0, {"longitude": 121.5, "system": "gcj02"}),
    "a place of long ago": ("located", -31, {"longitude": 121.5}),
    "no, to what is for her": ("opted_out", 0, {"purpose": "personalisation"}),
    "yes, to what is for her": ("opted_in", 0, {"purpose": "personalisation"}),
}
"""Kind, days and detail of what somebody does of whom little is known yet."""


def act(what, number, *handles, minutes):
    """One of these, told apart by its number."""
    kind, days, detail = ACTS[what]
    if kind == "located":
        detail = detail | {"latitude": 31.2 + number / 100}
    first, *links = handles
    return event(
        kind, first, *links, minutes=minutes + days * 24 * 60, detail=detail, id=f"e{number}"
    )


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
