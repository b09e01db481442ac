"""S22 for what nobody of ours typed: whatever front ends tell of customers runs on no page.

The hostile texts of `test_hostile_words` come in as names, properties, referrers, traits,
campaigns, ids and fields of events, kept and refused; the pages about data are looked at likewise.
"""

from itertools import cycle
from urllib.parse import quote

import pytest

from data_hub.identities import own_id
from data_hub.reports.keeping import CODES
from kernel.events import Refusal
from tests.console.test_hostile_words import NAMES, PAYLOADS, looked_at
from tests.data_hub.telling import MONDAY, device, event, mobile, openid, user

__all__ = ["looked_at"]  # a fixture

PAGES = (
    "", "events", "events/refused", "events/catalogue", "events/imports",
    "customers", "customers/{her}", "customers/{other}", "identities",
    "identities/compare?one={her}&other={other}", "operations", "funnel", "buyers", "board",
    "board/orders", "forecast", "referrals", "segments", "segments/{segment}",
    "segments/{segment}?customer={her}", "staff", "touches",
    *(f"reports/{code}" for code in CODES),
)  # fmt: skip
KINDS = (
    "viewed_page", "read_material", "searched", "bought", "left_contact", "messaged", "identified",
    "submitted_form", "asked_for_help", "policy_issued", "registered", "followed",
)  # fmt: skip


def told_of_her(text, other):
    """One event's properties, as hostile as they come."""
    return {
        "name": text, "text": text, "query": text, "product": text, "category": text, "amount": 5,
        "policy": text, "order_id": text, "title": text, "url": other, "referrer": other,
        "properties": {text: other, "url": other, "$utm_campaign": text},
        "context": {
            "page": {"referrer": other, "url": other, "title": text, "path": other},
            "campaign": {"name": text, "content": other, "source": text}, "userAgent": text,
        },
        "traits": {"name": text, "city": other, "avatar": other, text: other, "风险": text},
    }  # fmt: skip


@pytest.fixture
def rooms(knowing_rooms):
    r = knowing_rooms
    named = r.accounts.add(code="bad", name=NAMES[3], kind="app", ecosystem="own_app", by="t")
    rep = r.staff.add("evil", NAMES[5], by="t").id
    kinds, others = cycle(KINDS), cycle(PAYLOADS[7:])
    told = [
        event(kind, user(who), minutes=n - 300, account=account, material=text[:60], rep=rep,
              detail=told_of_her(text, next(others)))
        for n, text in enumerate(PAYLOADS)
        for kind, who, account in [(next(kinds), f"u{n % 5}", (r.app.id, named.id)[n % 2])]
    ]  # fmt: skip
    told += [event(f"track.{text[:60]}", user(text[:100])) for text in PAYLOADS[:60]]
    told += [
        event("identified", user("u1"), mobile(), minutes=1),
        event("identified", user("u2"), mobile(), minutes=2),
        event("identified", device(NAMES[0]), user("u1"), openid(NAMES[1]), minutes=3),
    ]
    r.tell(*told)
    r.customers.entrust(user("u1"), "evil", by="t")
    r.intake.refuse([
        Refusal(
            at=MONDAY, door=text[:20], reason="name_not_allowed", field=f"properties.{text}",
            account=r.app.id if n % 2 else text[:30], sample=text, again="{}" if n % 3 else "",
        )
        for n, text in enumerate(PAYLOADS)
    ])  # fmt: skip
    while r.fold.run():
        pass
    return r


@pytest.mark.browser
def test_s22_nothing_that_a_front_end_told_runs_on_a_page(rooms, looked_at):
    rule = 'trait city in ("<svg onload=alert(1)>") and did searched >= 1 in 30d'
    ids = {
        "her": own_id(user("u1")), "other": own_id(user("u2")),
        "segment": rooms.segments.create(NAMES[4], rule=rule, by="t").id,
    }  # fmt: skip
    asked = [
        f"/console/{page}={quote(text)}"
        for text in PAYLOADS[::9]
        for page in ("events?kind", "events?account", "segments/new?rule", "customers?handle",
                     "customers?q")
    ]  # fmt: skip
    pages = [f"/console/{page.format(**ids)}" for page in PAGES]
    found, ran, dialogs = looked_at([*pages, *asked], **{"X-Actor": "admin"})
    assert [each for each in found if each[1] != "404"] == []
    assert (ran, dialogs) == (0, [])
