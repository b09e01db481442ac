"""The exchange (令牌交换): a customer's front end swaps her login against a short token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, request

from juzhen.web.asking import asker
from kernel.actors import require
from kernel.errors import Invalid
from schemas.exchange import login

if TYPE_CHECKING:
    from juzhen.wiring import Platform


def blueprint(platform: Platform) -> Blueprint:
    door = Blueprint("exchange", __name__)

    @door.post("/auth/exchange")
    def exchange() -> Response:
        """The app's own back end vouches for the login with the account's token."""
        actor = asker()
        require(actor, "exchange_token")
        told = request.get_json(silent=True)
        if not isinstance(told, dict):
            raise Invalid("body", "body_is_not_json")
        token, until = platform.access.exchange(actor, login(told))
        return jsonify(token=token.reveal(), expires=until.isoformat())

    return door
