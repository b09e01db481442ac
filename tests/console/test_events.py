"""The event pages: what came in, what was refused and tried again, what kinds lack."""

import pytest

from data_hub.catalogue import OWN_ACCOUNT
from data_hub.measures import KPIS
from data_hub.refusals import Refusals
from kernel.events import Refusal
from tests.data_hub.telling import MONDAY, event, user


@pytest.fixture
def rooms(knowing_rooms):
    r = knowing_rooms
    r.mended = False
    r.refusals = Refusals(
        r.history, r.intake, r.changes,
        lambda told: event("searched", user("again"), id="again") if r.mended else None,
    )  # fmt: skip
    told = [
        event("bought", user(f"u{n}"), minutes=-n, account=r.app.id, id=f"b{n}",
              detail={"amount": n} if n % 2 else {})
        for n in range(1, 5)
    ]  # fmt: skip
    told += [event("read_material", user("u1"), account=r.wall.id, id="r1"),
             event("track.quiz_answered", user("u1"), account=r.app.id, id="q1")]  # fmt: skip
    r.tell(*told)
    return r


def refuse(rooms):
    sample = '{"userId":"13800138000","event":"<b>Hi</b>"}'
    rooms.intake.refuse([Refusal(at=MONDAY, door="segment", reason="time_in_the_future",
                                 field="timestamp", sample=sample, again="{}")])  # fmt: skip
    rooms.fold.run()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_stream_shows_the_latest_arrivals_and_follows_them_live(rooms, desk_of, language):
    desk = desk_of("admin")
    page = desk.get(f"/console/events?lang={language}").text
    assert page.count("<tr><td>") == 6
    page = page[page.index("<tbody>") :]
    assert page.index("quiz") < page.index("read_material") < page.index("bought")
    assert 'http-equiv="refresh"' not in page
    assert 'http-equiv="refresh"' in desk.get("/console/events?live=1").text
    assert ">None<" not in page


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("kind=bought", 4),
        ("figure=orders", 4),
        ("kind=quiz_answered", 1),
        ("kind=track.quiz_answered&live=1", 1),
        ("account={wall}", 1),
        ("since=2000-01-01&until=2000-01-02", 0),
        ("since=2000-01-01", 6),
        ("figure=orders&account={wall}", 0),
    ],
)
def test_a_figure_is_followed_to_the_events_behind_it(rooms, desk_of, asked, shown):
    page = desk_of("analyst").get("/console/events?" + asked.format(wall=rooms.wall.id)).text
    assert page.count("<tr><td>") == shown
    assert 'http-equiv="refresh"' not in page


def test_every_number_of_a_figure_leads_to_its_events(rooms, desk_of):
    page = desk_of("analyst").get("/console/board/orders").text
    day = MONDAY.date().isoformat()
    link = f"/console/events?figure=orders&amp;since={day}&amp;until={day}"
    assert link in page
    assert desk_of("analyst").get(link.replace("&amp;", "&")).text.count("<tr><td>") == 4


def test_only_who_may_see_customers_sees_who_it_was(rooms, desk_of):
    rooms.tell(event("messaged", user("u1"), account=rooms.app.id, detail={"text": "聊过养老"}))
    assert "聊过养老" not in desk_of("analyst").get("/console/events").text
    assert "聊过养老" in desk_of("admin").get("/console/events").text
    assert "聊过养老" not in desk_of("team_lead", "branch").get("/console/events").text
    assert desk_of("rep").get("/console/events").status_code == 403
    assert desk_of("analyst").get("/console/events?since=x").status_code == 422


def test_what_was_refused_is_shown_masked_and_tried_again_once(rooms, desk_of):
    refuse(rooms)
    desk = desk_of("admin")
    page = desk.get("/console/events/refused").text
    assert "13800138000" not in page
    assert "<b>Hi" not in page
    assert "保留着" in desk.post("/console/events/refused/replay").text
    assert "/events/refused/replay" not in desk_of("analyst").get("/console/events/refused").text
    assert desk_of("analyst").post("/console/events/refused/replay").status_code == 403

    rooms.mended = True
    form = {"door": "segment", "reason": "time_in_the_future", "field": "timestamp"}
    assert "1 条" in desk.post("/console/events/refused/replay", **form).text
    assert "/events/refused/replay" not in desk.get("/console/events/refused").text
    desk.post("/console/events/refused/replay", **form)
    rooms.fold.run()
    assert rooms.history.total([user("again")]) == 1


def test_the_catalogue_says_owner_version_what_lacks_and_which_figure_uses_it(rooms, desk_of):
    rooms.tell(event("uploaded_media", user("u1"), account=OWN_ACCOUNT))  # made up by no front end
    page = desk_of("analyst").get("/console/events/catalogue?lang=en").text
    row = page[page.index('<small class="soft">bought ') :]
    row = row[: row.index("</tr>")]
    assert "amount 50.0%" in row
    assert "product 100.0%" in row
    assert KPIS["orders"].en in row
    assert "track.quiz_answered 1" in page
    assert "uploaded_media" not in page
    assert "policy_issued" in page
