"""The referral page (转介绍): who brings whom; codes and payments on a customer's page."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from data_hub.customers import Customer
from data_hub.referrals import cents
from data_hub.reports.base import WORLDS
from juzhen.console.desk import allowed, done
from juzhen.console.split import part
from juzhen.web import pages
from juzhen.web.asking import asker
from kernel.actors import Actor, may
from kernel.errors import Invalid, NotFound

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_SHOWN = 50
_AMOUNT = re.compile(r"\d{1,8}(\.\d{1,2})?")


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/referrals")
    def referrals_page() -> str:
        actor = allowed("read_boards")
        ends, among = part(platform)
        some = actor.reach is not None and may(actor, "read_customers")
        page = platform.referrals.chains.board(
            first=_SHOWN, after=request.args.get("after"), among=among,
            seen=platform.customers.seen_by(actor).many if some else None,
        )  # fmt: skip
        return pages.render(
            "console/referrals.html", page=page, now=platform.clock(), world=ends.world,
            worlds=WORLDS, some=some,
            names=_names(platform, actor, [each.customer for each in page.items]),
        )  # fmt: skip

    @door.post("/customers/<key>/code")
    def issue_code(key: str) -> AnyResponse:
        actor = allowed("recommend")
        her = _hers(platform, actor, key)
        platform.referrals.issue(her.handles, by=actor.id)
        return done("customer", "code_given", key=her.id, _anchor="referrals")

    @door.post("/customers/<key>/reward")
    def pay_reward(key: str) -> AnyResponse:
        actor = allowed("pay_rewards")
        her, typed = _hers(platform, actor, key), request.form.get("amount", "").strip()
        if not _AMOUNT.fullmatch(typed):
            raise Invalid("amount", "not_a_number")
        platform.referrals.pay(her.handles, cents(typed), by=actor.id)
        return done("customer", "reward_paid", key=her.id, _anchor="referrals")


def chain_of(platform: Platform, her: Customer) -> dict[str, Any]:
    """What a customer's page shows of her referrals."""
    chain = platform.referrals.chains.of(her.handles)
    ends = [*chain.brought, *([chain.came_by] if chain.came_by else [])]
    names = _names(platform, asker(), [each.customer for each in ends])
    return {"chain": chain, "ends": names}


def _names(platform: Platform, actor: Actor, customers: Collection[str]) -> dict[str, str]:
    """The names of those whom the asker may see, as she may see them."""
    if not may(actor, "read_customers"):
        return {}
    seen = platform.customers.seen_by(actor).many(set(customers))
    return {id_: each.name for id_, each in seen.items()}


def _hers(platform: Platform, actor: Actor, key: str) -> Customer:
    her = platform.customers.seen_by(actor).one(key)
    if not her.handles:
        raise NotFound("customer", key[:80])
    return her
