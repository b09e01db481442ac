"""The identity pages (身份核对): two people side by side, and whether they are one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from juzhen.console.customers import link, people
from juzhen.console.desk import account_names, allowed, done
from juzhen.web import pages
from kernel.actors import Actor
from kernel.errors import Invalid

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_SHOWN = 20


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/identities")
    def identities() -> str:
        """What waits for somebody to look: shared devices, family phones, ids claimed twice."""
        actor = allowed("rule_identities")
        parked = platform.identities.parked(_SHOWN)
        seen = platform.customers.seen_by(actor).many(
            {customer for each in parked for customer in each.customers}
        )
        known = people(platform, list(seen.values()))
        cases = [
            {
                "doubt": each.doubt, "link": link(each),
                "people": [known[customer] for customer in each.customers],
            }
            for each in parked
            if set(each.customers) <= seen.keys()
        ]  # fmt: skip
        return pages.render(
            "console/identities.html", cases=cases, accounts=account_names(platform)
        )

    @door.get("/identities/compare")
    def compare() -> str:
        """Two whom somebody thinks to be one."""
        seen = platform.customers.seen_by(allowed("rule_identities"))
        keys = [request.args.get("one", "").strip(), request.args.get("other", "").strip()]
        both = [seen.one(key) for key in keys]
        if both[0].id == both[1].id:
            raise Invalid("other", "one_customer_already")
        return pages.render(
            "console/compare.html", people=list(people(platform, both).values()),
            accounts=account_names(platform),
        )  # fmt: skip

    @door.post("/identities/decide")
    def decide() -> AnyResponse:
        """They are one, or they are two: the button says which."""
        actor = allowed("rule_identities")
        why = request.form.get("why", "").strip()
        if request.form.get("act") == "apart":
            _keep_apart(platform, actor, why)
            return done("identities", "kept_apart")
        seen = platform.customers.seen_by(actor)
        hers, others = (seen.one(request.form.get(name, "")) for name in ("her", "him"))
        platform.identities.decisions.unite(hers.handles, others.handles, by=actor.id, why=why)
        return done("customer", "merged_customers", key=hers.id)


def _keep_apart(platform: Platform, actor: Actor, why: str) -> None:
    owns = [request.form.get(name, "") for name in ("one", "other")]
    found = platform.identities.named(owns)
    if len(found) != 2:
        raise Invalid("handle", "handle_never_seen", handle="…")
    seen = platform.customers.seen_by(actor)
    for own in owns:
        seen.one(own)  # not found, if she may not know of them
    platform.identities.part(found[owns[0]], found[owns[1]], by=actor.id, why=why)
