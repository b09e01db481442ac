"""The identity pages (身份核对): two people side by side, and whether they are one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from data_hub.identities import Cause, Parked, own_id
from juzhen.console.customers import link, people
from juzhen.console.desk import account_names, allowed, done
from juzhen.web import pages
from kernel.actors import Actor
from kernel.errors import Invalid

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_SHOWN, _LOOKED = 20, 200
"""So many causes are shown, and so many looked through for those that she may know of."""
_NAMED = 6
"""Links of one cause whose people are named."""
_AT_ONCE = 300
"""Links that one decision parts; a cause with more comes again."""


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/identities")
    def identities() -> str:
        """What waits for somebody to look, by what is shared: a device, a phone, an id."""
        actor = allowed("rule_identities")
        causes = platform.identities.causes()
        cases = []
        for begin in range(0, len(causes), _SHOWN):
            cases += _cases(platform, actor, causes[begin : begin + _SHOWN])
            if len(cases) >= _SHOWN or begin >= _LOOKED:
                break
        return pages.render(
            "console/identities.html", cases=cases[:_SHOWN], accounts=account_names(platform),
            causes=len(causes), links=sum(len(each.parked) for each in causes), named=_NAMED,
        )  # fmt: skip

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
        if request.form.get("act") == "all_apart":
            _keep_all_apart(platform, actor, why)
            return done("identities", "kept_apart")
        if request.form.get("act") == "apart":
            _keep_apart(platform, actor, why)
            return done("identities", "kept_apart")
        seen = platform.customers.seen_by(actor)
        hers, others = (seen.one(request.form.get(name, "")) for name in ("her", "him"))
        platform.identities.decisions.unite(hers.handles, others.handles, by=actor.id, why=why)
        return done("customer", "merged_customers", key=hers.id)


def _cases(platform: Platform, actor: Actor, causes: Sequence[Cause]) -> list[dict[str, Any]]:
    """Of each cause as much as the asker may know: links of which she may see both people."""
    ids = {customer for each in causes for customer in each.customers}
    seen = platform.customers.seen_by(actor).many(ids)
    told = [
        (
            each,
            [
                one
                for one in each.parked
                if len(set(one.customers)) == 2 and set(one.customers) <= seen.keys()
            ],
        )
        for each in causes
    ]
    shown = {customer for _, some in told for each in some[:_NAMED] for customer in each.customers}
    known = people(platform, [seen[customer] for customer in shown])
    return [
        {
            "doubt": cause.doubt, "own": own_id(cause.shared), "link": link(some[0]),
            "n": len(some), "last": max(each.at for each in some),
            "people": [known[customer] for customer in _of_all(some)],
        }
        for cause, some in told
        if some
    ]  # fmt: skip


def _of_all(some: Sequence[Parked]) -> list[str]:
    """Whom some links are about, each once."""
    return list(dict.fromkeys(her for each in some[:_NAMED] for her in each.customers))


def _keep_all_apart(platform: Platform, actor: Actor, why: str) -> None:
    """Of everybody who seems to share one handle: it is nobody's, they are as many people."""
    own, seen = request.form.get("shared", ""), platform.customers.seen_by(actor)
    cause = next(
        (each for each in platform.identities.causes() if own_id(each.shared) == own), None
    )
    if cause is None:
        raise Invalid("handle", "handle_never_seen", handle="…")
    may_see = seen.many(cause.customers).keys()
    pairs = [(each.one, each.other) for each in cause.parked if set(each.customers) <= may_see]
    platform.identities.decisions.part_all(pairs[:_AT_ONCE], by=actor.id, why=why)


def _keep_apart(platform: Platform, actor: Actor, why: str) -> None:
    owns = [request.form.get(name, "") for name in ("one", "other")]
    found = platform.identities.named(owns)
    if len(found) != 2:
        raise Invalid("handle", "handle_never_seen", handle="…")
    seen = platform.customers.seen_by(actor)
    for own in owns:
        seen.one(own)  # not found, if she may not know of them
    platform.identities.decisions.part(found[owns[0]], found[owns[1]], by=actor.id, why=why)
