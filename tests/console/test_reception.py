"""How a material fared stands on its page, beside the code that reports it."""

from datetime import timedelta

import pytest

from engagement.livestreams import Livestreams
from engagement.receptions import Receptions
from juzhen import console
from juzhen.web import public
from kernel.events import Event
from tests.console.conftest import Desk
from tests.workbench.conftest import Desk as House


@pytest.fixture
def house(records, people, changes, clock, tmp_path):
    made = House(records, people, changes, clock, tmp_path)
    made.made = made.company.library(each=2)
    made.livestreams = Livestreams(
        made.company.history, made.findings, made.identities, clock, made.company.zone
    )
    made.receptions = Receptions(
        made.company.counters, made.company.history, made.feedback, clock, made.company.zone
    )
    yield made
    made.close()


@pytest.fixture
def flask(house):
    return house.application(console.blueprint(house), public.blueprint(house))


@pytest.fixture
def material(house):
    """Refused for two customers, read once by a third."""
    company, rep, about = house.company, house.company.hire("r1"), house.made["健康"][0]
    for phone in ("13800000001", "13800000002"):
        handle = company.meet(phone, rep=rep)
        her = house.customers.seen_by(rep).one(company.id_of(handle))
        house.feedback.refuse(her, about, "out_of_date", rep=rep.staff, by=rep.id)
    at = house.clock() - timedelta(hours=1)
    told = {"account": "juzhen", "material": about, "handle": handle, "rep": rep.staff}
    company.tell(
        Event(id="e1", kind="opened_link", at=at, **told),
        Event(id="e2", kind="turned_page", at=at + timedelta(minutes=2), **told,
              detail={"seconds": 75, "page": "4", "pages": 9}),
    )  # fmt: skip
    return about


def test_the_editor_sees_what_became_of_a_material_and_what_reps_said(flask, material):
    page = Desk(flask, "editor").get(f"/console/materials/{material}/reception").text
    assert "内容过时 2" in page
    assert "1 分 15 秒" in page
    assert "第 4 / 9 页" in page
    assert 'juzhen("read_material", { seconds: 20 });  // 阅读了内容'.replace('"', "&#34;") in page
    assert material in page


def test_it_is_for_whoever_reads_the_library_and_sees_that_material(flask, material):
    assert Desk(flask, "analyst").get(f"/console/materials/{material}/reception").status_code == 200
    assert Desk(flask, "editor").get("/console/materials/mat_none/reception").status_code == 404
    assert (
        Desk(flask, "collector").get(f"/console/materials/{material}/reception").status_code == 403
    )


@pytest.mark.parametrize(("role", "door"), [("editor", False), ("analyst", True)])
def test_its_bars_lead_to_the_stream_of_events_for_who_may_read_it(flask, material, role, door):
    page = Desk(flask, role).get(f"/console/materials/{material}/reception").text
    steps = page[page.index('class="steps"') :]
    assert ('href="/console/events"' in steps) == door


def test_its_page_is_for_everybody(material, for_everybody):
    for_everybody(f"materials/{material}/reception")


@pytest.mark.rule("R59.1")
def test_a_livestreams_page_says_what_it_sold_product_by_product(house, flask):
    company = house.company
    tag = company.tag("养老社区")
    live = house.materials.create(
        "livestream", "今晚聊养老", by="li", tags=[tag], fields={"products": ["康养年金"]}
    ).id  # fmt: skip
    her = company.meet()
    company.tell(
        company.event("entered_livestream", her, live, ago=timedelta(days=1)),
        company.event("bought", her, amount=120, product="康养年金", order_id="o1"),
    )
    page = Desk(flask, "editor").get(f"/console/materials/{live}/reception").text
    assert "1 人进入，成交 1 单，合计 ¥120.00" in page
    assert "康养年金</td><td>1</td>" in page
