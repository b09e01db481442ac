"""What an account's own back end vouches for (令牌交换契约): which customer logged in to it."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema

from schemas.events import ID_LIMIT, Id, checked


class Login(Schema):
    """A login. Unknown keys are nobody's business."""

    class Meta:
        unknown = EXCLUDE

    user_id = Id(
        required=True,
        error_messages=dict.fromkeys(
            ("required", "null", "invalid", "too_long"), "which_customer_logged_in"
        ),
        metadata={"maxLength": ID_LIMIT},
    )


LOGIN = Login()


def login(told: Any) -> str:
    """The customer's id. Raises `Invalid` naming what is wrong."""
    return str(checked(LOGIN, told)["user_id"])
