"""No page of the console is forgotten: each is looked at by axe, at 200 % and at 360 px, somewhere.

Those that no other module looks at are looked at here, each with something on it.
"""

from datetime import timedelta

import pytest

HERE = {
    "/": "",
    "/deliveries": "deliveries",
    "/elsewhere": "elsewhere",
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
        "/events", "/events/refused", "/events/catalogue", "/customers", "/customers/<key>",
        "/identities", "/identities/compare", "/operations", "/funnel", "/buyers", "/board",
        "/board/<code>",
    ),
    "learning": ("/learning",),
    "library": ("/materials", "/shortcuts"),
    "lives": ("/reviews", "/words", "/materials/<key>/life", "/materials/<key>/versions"),
    "parked": ("/parked", "/accounts", "/deliveries/<key>"),
    "products": ("/products", "/products/<key>"),
    "remakes": ("/materials/<key>/remakes",),
    "reaching": ("/reaching",),
    "reception": ("/materials/<key>/reception",),
    "reports": ("/reports/<code>",),
    "sheets": ("/sheets", "/duplicates"),
    "suggestions": ("/suggestions",),
    "tagging": ("/tags", "/tags/<key>"),
    "tagging_runs": ("/tagging", "/tagging/<key>"),
}  # fmt: skip
"""By the module that looks at them."""
UNSEEN = (
    "/broadcasts", "/broadcasts/<key>", "/broadcasts/new", "/forecast", "/rules", "/segments",
    "/segments/<key>", "/segments/new", "/transfers",
    "/ways",
)  # fmt: skip
"""Pages about customers, whose modules ask them without a browser."""
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
    told = {*HERE, *UNSEEN, *NO_PAGES, *(each for own in ELSEWHERE.values() for each in own)}
    assert pages == told


@pytest.fixture
def ids(rooms, desk_of, material, clock):
    placed = rooms.shelf.place(
        material.id, rooms.app.id, opens=clock(), closes=clock() + timedelta(days=1), by="li"
    )
    rooms.work()
    told = {"name": "ERP", "url": "https://erp.example.com/h", "kind": ["material.on_shelf"]}
    desk_of("admin").post("/console/webhooks", **told)
    (webhook,) = rooms.subscriptions.all()
    return {"material": material.id, "placement": placed.id, "webhook": webhook.id}


@pytest.mark.browser
def test_the_pages_that_no_other_module_looks_at_are_for_everybody(for_everybody, ids):
    for path in (*HERE.values(), *MORE):
        for_everybody(path.format(**ids), role="admin")
