"""The pages about data in a real browser: axe, small screens, and a picture of each."""

import pytest

from data_hub.identities import own_id
from kernel.events import Refusal
from tests.data_hub.telling import MONDAY, event, mobile, openid, user

PAGES = (
    "events", "events?kind=bought", "events/refused", "events/catalogue",
    "events/imports", "customers",
    "customers/{her}", "identities", "identities/compare?one={her}&other={other}", "operations",
    "funnel", "buyers", "board", "board/orders", "operations?lang=en", "events/refused?lang=en",
)  # fmt: skip


@pytest.fixture
def rooms(knowing_rooms):
    r = knowing_rooms
    traits = {"traits": {"name": "林秀兰", "phone": "13800138000"}}
    r.tell(
        event("identified", user("mother"), mobile(), account=r.app.id, detail=traits),
        event("identified", user("daughter"), mobile(), minutes=1, account=r.app.id),
        event("followed", openid("o1"), user("mother"), minutes=2, account=r.wall.id),
        *(
            event(kind, user(f"u{n}"), minutes=-n, account=r.app.id, detail={"amount": 5_000})
            for n in range(1, 30)
            for kind in ("viewed_page", "read_material", "left_contact", "bought")[: 1 + n % 4]
        ),
    )
    r.intake.refuse([
        Refusal(
            at=MONDAY, door="segment", reason="time_in_the_future", field="timestamp",
            account=r.app.id, sample='{"userId":"13800138000","event":"Order Completed"}',
            again="{}",
        )
    ])  # fmt: skip
    r.fold.run()
    return r


@pytest.mark.browser
def test_the_pages_about_data_are_for_everybody(rooms, for_everybody):
    ids = {"her": own_id(user("mother")), "other": own_id(user("daughter"))}
    for path in PAGES:
        for_everybody(path.format(**ids), role="admin")
