"""Operation, funnels and buyers: every number leads to what is behind it."""

import re
from datetime import timedelta

import pytest

from data_hub.ad_quality import Origin
from kernel.events import Refusal
from tests.data_hub.telling import MONDAY, event, user

DAY = 24 * 60


@pytest.fixture
def rooms(knowing_rooms):
    r = knowing_rooms
    told = []
    for n in range(40):
        her = user(f"u{n}")
        told.append(event("viewed_page", her, minutes=-60, account=r.app.id))
        told.append(event("read_material", her, minutes=-50, material="m1", account=r.app.id))
        if n % 2:
            told.append(event("bought", her, minutes=-40, account=r.app.id,
                              detail={"amount": 100, "product": "x"}))  # fmt: skip
        if n % 4 == 1:
            told.append(event("bought", her, minutes=-40 - 30 * DAY, account=r.app.id,
                              detail={"amount": 50, "product": "x"}))  # fmt: skip
    r.tell(*told)
    return r


@pytest.mark.rule("R13.1", "R13.2", "R13.3")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_one_page_shows_content_data_and_operation(rooms, desk_of, material, language):
    rooms.intake.refuse([Refusal(at=MONDAY, door="segment", reason="not_a_time")])
    page = desk_of("analyst").get(f"/console/operations?lang={language}").text
    assert page.count("<svg") == 1
    facts = re.findall(r"<dd>(?:<a [^>]*>)?([\d.,]+)", page)
    assert facts[1] == "1"  # one refusal waits to be folded
    assert facts[3] == str(rooms.counters.behind()) != "0"  # nobody counted for lists here
    assert ">40</a>" in page
    assert ">None<" not in page
    sheet = desk_of("analyst").get("/console/operations.csv").text.splitlines()
    assert sheet[0] == "step,count"
    assert re.findall(r"<td><a [^>]*>([\d,]+)", page) == [row.split(",")[1] for row in sheet[1:]]
    assert desk_of("rep").get("/console/operations.csv").status_code == 403
    rooms.fold.run()
    assert "/console/events/refused" in desk_of("analyst").get("/console/operations").text
    assert desk_of("rep").get("/console/operations").status_code == 403


def test_a_funnel_counts_people_within_a_window_and_leads_to_the_events(rooms, desk_of):
    desk = desk_of("analyst")
    path = "/console/funnel?step=viewed_page&step=read_material&step=bought&days=7"
    page = desk.get(path).text
    assert re.findall(r'</a></th><td class="number">(\d+)</td>', page) == ["40", "40", "20"]
    sheet = re.search(r'href="(/console/funnel.csv[^"]+)"', page)[1].replace("&amp;", "&")
    assert desk.get(sheet).text.split() == [
        "event,people,rate", "viewed_page,40,", "read_material,40,1.0", "bought,20,0.5",
    ]  # fmt: skip
    assert desk_of("rep").get("/console/funnel.csv").status_code == 403
    assert "50.0%" in page
    link = re.search(r'<svg.*?href="([^"]+)"', page, re.DOTALL)[1]
    assert desk.get(link.replace("&amp;", "&")).text.count("<tr><td>") == 40
    assert desk.get("/console/funnel").status_code == 200
    assert (
        '<input type="hidden" name="world" value="wechat">' in desk.get(f"{path}&world=wechat").text
    )
    told = desk.get(f"{sheet}&world=video").text.split()
    assert told[1:] == ["viewed_page,0,", "read_material,0,", "bought,0,"]
    for wrong in ("step=bought", "step=bought&step=bought", "days=0", "days=x"):
        assert desk.get(f"/console/funnel?{wrong}").status_code == 422


@pytest.mark.rule("R125.3", "R163.1")
def test_buyers_by_month_their_rate_value_and_days_to_the_next(rooms, desk_of):
    rooms.tell(
        *(
            event(
                "bought",
                user(f"u{n}"),
                minutes=9 - 40 - 30 * DAY,
                account=rooms.app.id,
                detail={"amount": 0},
            )
            for n in range(1, 40, 4)
        )
    )  # the same occasion
    page = desk_of("analyst").get("/console/buyers?lang=en").text
    assert "50.0%" in page  # ten of twenty bought again
    assert "2: 30.0 days after the first" in page
    assert "Too few buyers" in page
    months = re.findall(r'<th scope="row">(\d{4}-\d\d)</th><td[^>]*>(\d+)</td>', page)
    assert months == [("2026-03", "10"), ("2026-01", "10")]
    rooms.tell(*(event("bought", user(f"new{n}"), minutes=-1, account=rooms.app.id,
                       detail={"amount": 9}) for n in range(12)))  # fmt: skip
    assert "It fits" in desk_of("analyst").get("/console/buyers?lang=en").text
    rooms.clock.move(timedelta(minutes=1))


@pytest.mark.rule("R135.1", "R163.2")
def test_a_cohort_tells_its_worth_its_repurchase_and_what_a_deal_cost(rooms, desk_of):
    r, app = rooms, rooms.app.id
    r.staff.add("anna", "安娜", by="li")
    r.staff.add("bert", "伯特", by="li")
    r.tell(
        *(event("bought", user(f"u{n}", app), detail={"amount": 300}, account=app)
          for n in range(2)),
        event("bought", user("u0", app), detail={"amount": 300}, minutes=60 * 48, account=app),
        event(handle=user("u9", app), account=app),
    )  # fmt: skip
    r.ads.note(Origin(app, "c1"), MONDAY.date(), 100, rebate=20, by="li")
    page = desk_of("analyst").get("/console/buyers?lang=en").text
    cells = re.findall(r"<td[^>]*>(.*?)</td>", page.split("2026-03</th>")[1].split("</tr>")[0])
    assert cells == ["12", "8.3%", "¥158", "¥1,900", "¥7"]
    assert re.findall(r"<dd>(¥[\d,]+)</dd>", page) == ["¥79", "¥1,700"]
    sheet = desk_of("analyst").get("/console/buyers.csv").text.splitlines()
    assert sheet[0] == "month,buyers,repurchase,value,worth,per_deal"
    assert next(row for row in sheet if row.startswith("2026-03,")).split(",")[4] == "1900.0"
    [elsewhere] = desk_of("analyst").get("/console/buyers.csv?world=video").text.splitlines()
    assert elsewhere == sheet[0]
    assert desk_of("rep").get("/console/buyers.csv").status_code == 403
