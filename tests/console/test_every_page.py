"""No page of the console is forgotten: each is looked at by axe, at 200 % and at 360 px, somewhere.

Those that no other module looks at are looked at here, each with something on it.
"""

from datetime import timedelta

import pytest

from channels.base import Progress, Receipt
from channels.broadcasts.keeper import Broadcasts
from channels.live_codes import Code, LiveCodes
from channels.mailings import Mailing, Mailings
from channels.transfers import Transfers
from data_hub.findings import Findings
from kernel.events import Handle
from matching.effects import Effects
from matching.rules import Rules, Wanted
from tests.console.test_acts import picture
from tests.data_hub.telling import event, user

HERE = {
    "/": "",
    "/deliveries": "deliveries",
    "/elsewhere": "elsewhere",
    "/files/kept": "files/kept",
    "/materials/new": "materials/new",
    "/materials/<key>/testers": "materials/{material}/testers",
    "/materials/<key>/variants": "materials/{material}/variants",
    "/placements/<key>": "placements/{placement}",
    "/shelf": "shelf",
    "/touches": "touches",
    "/webhooks": "webhooks",
    "/webhooks/<key>": "webhooks/{webhook}",
}
MORE = ("materials/new?type=short_video", "shelf?lang=en")
ELSEWHERE = {
    "acts": ("/files", "/place", "/materials/<key>/previews"),
    "bounds": ("/materials/<key>",),
    "calendar_browser": ("/calendar", "/coverage"),
    "campaigns": ("/campaigns", "/campaigns/<key>"),
    "content_types": ("/types",),
    "data_browser": (
        "/events", "/events/refused", "/events/catalogue", "/events/imports", "/customers",
        "/customers/<key>",
        "/identities", "/identities/compare", "/operations", "/funnel", "/buyers", "/board",
        "/board/<code>",
    ),
    "learning": ("/learning",),
    "library": ("/materials", "/shortcuts"),
    "lives": ("/reviews", "/words", "/materials/<key>/life", "/materials/<key>/versions"),
    "posting": ("/files/posting/<key>", "/files/posting/<key>/posted"),
    "parked": ("/parked", "/accounts", "/deliveries/<key>"),
    "privacy": ("/privacy",),
    "products": ("/products", "/products/<key>"),
    "remakes": ("/materials/<key>/remakes",),
    "reaching": ("/reaching",),
    "reception": ("/materials/<key>/reception",),
    "reports": ("/reports/<code>",),
    "scheduling": ("/materials/<key>/scheduled",),
    "sheets": ("/sheets", "/duplicates"),
    "suggestions": ("/suggestions",),
    "staff": ("/staff", "/staff/<key>"),
    "tagging": ("/tags", "/tags/<key>"),
    "tagging_runs": ("/tagging", "/tagging/<key>"),
}  # fmt: skip
"""By the module that looks at them."""
ABOUT_CUSTOMERS = {
    "/customers/<key>/why": "customers/{customer}/why",
    "/broadcasts": "broadcasts",
    "/broadcasts/<key>": "broadcasts/{broadcast}",
    "/broadcasts/new": "broadcasts/new",
    "/forecast": "forecast",
    "/referrals": "referrals",
    "/rules": "rules",
    "/segments": "segments",
    "/segments/<key>": "segments/{segment}?customer={customer}",
    "/segments/new": "segments/new?rule=vip",
    "/transfers": "transfers",
    "/ways": "ways",
}
"""Looked at here, too: with somebody in a segment, a broadcast to her, a hand-over, a rule."""
NO_PAGES = (
    "/accounts/<key>/grant", "/accounts/granted", "/materials/<key>/preview", "/materials/find",
    "/reports", "/views/<page>",
)  # fmt: skip
"""They lead on, are a part of another page, or show what a customer sees."""


def test_no_page_is_forgotten(flask):
    rules = {
        rule.rule.removeprefix("/console")
        for rule in flask.url_map.iter_rules()
        if rule.endpoint.startswith("console.") and "GET" in rule.methods
    }
    pages = {each for each in rules if not each.endswith((".csv", ".json"))}
    told = {each for own in ELSEWHERE.values() for each in own}
    assert pages == told | {*HERE, *ABOUT_CUSTOMERS, *NO_PAGES}


@pytest.fixture
def ids(rooms, desk_of, material, clock):
    placed = rooms.shelf.place(
        material.id, rooms.app.id, opens=clock(), closes=clock() + timedelta(days=1), by="li"
    )
    rooms.work()
    told = {"name": "ERP", "url": "https://erp.example.com/h", "kind": ["material.on_shelf"]}
    desk_of("admin").post("/console/webhooks", **told)
    rooms.media.take(picture(7), by="li", name="海报.png")
    (webhook,) = rooms.subscriptions.all()
    return {"material": material.id, "placement": placed.id, "webhook": webhook.id}


@pytest.mark.browser
def test_the_pages_that_no_other_module_looks_at_are_for_everybody(for_everybody, ids):
    for path in (*HERE.values(), *MORE):
        for_everybody(path.format(**ids), role="admin")


class Door:
    """A channel that makes codes and hands customers over."""

    writes_to = "external_userid"

    def make_code(self, state, reps, *, remark, confirm):
        return Code(f"c-{state}", f"https://p.cn/{state}.png")

    def find_code(self, state, since):
        return None

    def drop_code(self, code):
        return None

    def hand_over(self, giver, taker, handles, words, *, resigned):
        return {each: Receipt(ref=each.value, progress=Progress.SUBMITTED) for each in handles}

    def handed_over(self, giver, taker, *, resigned):
        return {}


@pytest.fixture
def told(knowing_rooms, material):
    """Ids of what the pages about customers have on them."""
    r = knowing_rooms
    common = r.records, r.changes, r.accounts, r.channels, r.clock
    r.live_codes, r.transfers = LiveCodes(*common), Transfers(*common)
    r.rules = Rules(r.records, r.changes, r.materials, r.taxonomy, r.types, r.clock)
    r.effects = Effects(
        records=r.records, people=r.people, changes=r.changes, findings=Findings(r.people),
        digest=r.digest, profiles=r.profiles, clock=r.clock,
    )  # fmt: skip
    r.broadcasts = Broadcasts(
        records=r.records, changes=r.changes, accounts=r.accounts, deliveries=r.deliveries,
        segments=r.segments, identities=r.identities, policy=r.touch_policy, shelf=r.shelf,
        compliance=r.compliance, clock=r.clock,
    )  # fmt: skip
    r.channels._factories["door"] = lambda *_: Door()
    there = r.accounts.add(code="w", name="企业微信", kind="door", ecosystem="wechat", by="t")
    reps = [r.staff.add(code, name, by="t").id for code, name in (("a", "张岚"), ("b", "李默"))]
    her = Handle("external_userid", there.id, "wm1")
    r.tell(event("followed", her, account=there.id, rep=reps[0]), event("viewed_page", user("u1")))
    r.customers.entrust(her, reps[0], by="t")
    r.live_codes.create("w", "门店海报", by="t", reps=reps)
    r.transfers.hand_over(there.id, [her], giver=reps[0], taker=reps[1], by="t")
    r.rules.add(Wanted(name="开放日置顶", act="pin", material=material.id, number=1.0), by="t")
    segment = r.segments.create("看过的", code="seen", by="t")
    r.segments.put("seen", [her], by="t")
    sent = r.broadcasts.create("三月问候", "w", by="t", segment=segment.id, words="春天好")
    r.mailings = Mailings(
        r.records,
        r.changes,
        r.deliveries,
        r.channels,
        r.clock,
        r.publishing.last_question.of_messages,
    )
    with r.records.write() as session:
        session.add(
            Mailing(
                account=there.id, broadcast=sent.id, rep=reps[0], size=1, made=r.clock(),
                closed=r.clock(), ref="mass:1",
            )
        )  # fmt: skip
    return {
        "broadcast": sent.id, "segment": "seen", "customer": r.identities.customer_of(str(her)),
    }  # fmt: skip


@pytest.mark.browser
def test_the_pages_about_customers_are_for_everybody(for_everybody, told):
    for path in ABOUT_CUSTOMERS.values():
        for_everybody(path.format(**told), role="admin")
