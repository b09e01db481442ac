"""The exchange (令牌交换): a customer's front end swaps her login against a short token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from channels.base import LogsIn
from juzhen.web.asking import asker
from kernel.actors import require
from kernel.errors import Invalid
from kernel.events import Handle
from schemas.exchange import login

if TYPE_CHECKING:
    from juzhen.wiring import Platform


def blueprint(platform: Platform) -> Blueprint:
    door = Blueprint("exchange", __name__)

    @door.post("/auth/exchange")
    def exchange() -> Response:
        """The app's own back end vouches for the login with the account's token; a mini program
        brings the platform's ``code`` instead."""
        actor = asker()
        require(actor, "exchange_token")
        told = request.get_json(silent=True)
        if not isinstance(told, dict):
            raise Invalid("body", "body_is_not_json")
        if code := told.get("code"):
            handle = _of_code(platform, actor.account, code)
        else:
            handle = Handle("user", actor.account, login(told))
        customer = platform.identities.customer_of(handle)
        early = customer in platform.vips.among([customer])
        token, until = platform.access.exchange(actor, handle=handle, early=early)
        return jsonify(token=token.reveal(), expires=until.isoformat())

    return door


def _of_code(platform: Platform, account: str, code: Any) -> Handle:
    """Who her platform says she is; that she logged in is kept. Raises `Invalid` where the account
    has no platform to ask."""
    channel = platform.channels.of(account)
    if not isinstance(channel, LogsIn) or not isinstance(code, str) or len(code) > 200:
        raise Invalid("code", "which_customer_logged_in")
    login = channel.login(code, platform.clock())
    platform.intake.take([login.event], door="callback")
    return login.handle
