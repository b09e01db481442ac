"""Logs to judge by (评测日志契约): events, items and users as `juzhen bench matching` has them."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite
from typing import Any

from marshmallow import EXCLUDE, INCLUDE, Schema, fields, post_load

from schemas.events import Id, Told, checked, compile_plan


class Moment(fields.Field[float]):
    """Seconds since 1970 as a number, or ISO 8601; a text without a zone is UTC."""

    default_error_messages = {"invalid": "not_a_time"}  # noqa: RUF012 - marshmallow's own way
    plan = (
        "try: value = float(value)",
        "except (TypeError, ValueError):",
        " try: value = fromisoformat(value)",
        " except (TypeError, ValueError): return None",
        " value = (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()",
        "if not isfinite(value): return None",
    )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **other: Any) -> float:
        try:
            at = float(value)
        except (TypeError, ValueError):
            return self._read(value)
        if not isfinite(at):
            raise self.make_error("invalid")
        return at

    def _read(self, value: Any) -> float:
        try:
            at = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            raise self.make_error("invalid") from None
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


class Tags(fields.Field[list[str]]):
    """A list, or a text whose tags are parted by ``|`` or blanks."""

    default_error_messages = {"invalid": "not_a_list"}  # noqa: RUF012 - marshmallow's own way

    def _deserialize(self, value: Any, attr: str | None, data: Any, **other: Any) -> list[str]:
        if isinstance(value, str):
            return value.replace("|", " ").split()
        if isinstance(value, list):
            return [str(tag) for tag in value]
        raise self.make_error("invalid")


class Number(fields.Float):
    """A number, or a text that is one."""

    plan = (
        "if type(value) not in (float, int, str): return None",
        "try: value = float(value)",
        "except ValueError: return None",
        "if not isfinite(value): return None",
    )


def _said(reason: str) -> dict[str, str | list[Any] | dict[Any, Any]]:
    return dict.fromkeys(("required", "null", "invalid", "special"), reason)


class Event(Schema):
    """Who met what, when, and how much it weighs."""

    class Meta:
        unknown = EXCLUDE

    user = Id(required=True, error_messages=_said("missing"))
    item = Id(required=True, error_messages=_said("missing"))
    ts = Moment(required=True, error_messages=_said("not_a_time"))
    weight = Number(load_default=1.0, error_messages=_said("not_a_number"))


class Item(Schema):
    """What may be recommended, and what it is about."""

    class Meta:
        unknown = EXCLUDE

    id = Id(required=True, error_messages=_said("missing"))
    tags = Tags(load_default=list)


class User(Schema):
    """Who it is recommended to; other columns are attributes of hers."""

    class Meta:
        unknown = INCLUDE

    id = Id(required=True, error_messages=_said("missing"))
    attrs = fields.Dict(error_messages=_said("not_an_object"))

    @post_load
    def _together(self, told: Told, **_: Any) -> Told:
        own = {name: value for name, value in told.items() if name not in {"id", "attrs"}}
        return {"id": told["id"], "attrs": {**own, **told.get("attrs", {})}}


EVENT, ITEM, USER = Event(), Item(), User()
_PLAN = compile_plan(EVENT)
"""Of events there are many."""


def read(schema: Schema, told: Any) -> Told:
    """One row, checked. Raises `Invalid` naming what is wrong. A cell that a sheet left empty is
    not there."""
    if type(told) is dict:
        told = {name: value for name, value in told.items() if name and value not in ("", None)}
        if schema is EVENT and (loaded := _PLAN(told)) is not None:
            return loaded
    return checked(schema, told)
