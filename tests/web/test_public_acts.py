"""What a customer does on a page: each in five steps at most, without scripts, and told once."""

import re
from datetime import UTC, timedelta

import pytest

from juzhen.web import public
from kernel.events import Handle
from tests.web.pages_house import PagesHouse
from tests.web.test_public import PHONE, link

HOUR = timedelta(hours=1)
TEL = "138 0013 8000"


@pytest.fixture
def rooms(records, people, clock, tmp_path):
    kept = PagesHouse(records, people, clock, tmp_path)
    kept.twin = kept.accounts.add(
        code="app", name="客户 App", kind="app", ecosystem="own_app", by="li"
    )
    kept.taxonomy.create("养老", "topic", code="pension", by="li")
    yield kept
    kept.close()


@pytest.fixture
def flask_client(rooms):
    """One more customer's browser."""
    return rooms.application(public.blueprint(rooms)).test_client


@pytest.fixture
def client(flask_client):
    return flask_client()


@pytest.fixture
def rep(rooms):
    return rooms.staff.add("wang", "王敏", by="li")


@pytest.fixture
def page(rooms, client, rep, clock):
    """The page as she comes to it by her rep's link, and a hand for its forms."""
    material = rooms.materials.create(
        "image_text", "规划", tags=["pension"], fields={"benefit": "每年多领 5%"}, by="li"
    )
    opens = clock()
    rooms.shelf.place(material.id, rooms.twin.id, opens=opens, closes=opens + HOUR, by="li")

    class Page:
        id = material.id
        text = client.get(link(rooms, material, rep.id), headers=PHONE, follow_redirects=True).text
        code = re.search(r'name="t" value="([^"]+)"', text)[1]

        def act(self, act, **form):
            told = {"act": act, "t": self.code, **form}
            return client.post(
                f"/c/{material.id}/act", data=told, headers=PHONE, follow_redirects=True
            )

        def told(self, kind):
            return [each for each in rooms.events() if each.kind == kind]

    return Page()


@pytest.mark.rule("R48.1")
def test_what_benefit_next_step_and_acts_are_on_a_small_page(page):
    assert page.text.index("每年多领 5%") < page.text.index('id="act"')
    assert "王敏" in page.text
    assert len(page.text.encode()) < 60_000


@pytest.mark.rule("R122.1", "R122.2")
def test_what_a_campaign_takes_off_by_the_hour_stands_on_the_page_of_what_is_shown_for_it(
    rooms, client, rep, clock
):
    """By the hours of the company, to the minute; what is shown for no campaign costs what it
    costs, and of another account's nothing is said."""
    day = timedelta(days=1)
    drive = rooms.campaigns.create("夜市", opens=clock() - day, closes=clock() + 9 * day, by="li")
    steps = [{"at": "19:00", "value": 10}, {"at": "21:00", "value": 30.5},
             {"at": "23:30", "value": 100}]  # fmt: skip
    rooms.parameters.declare(drive.id, "discount", steps, low=0, high=100, by="li")
    other = rooms.accounts.add(code="b", name="另一端", kind="app", ecosystem="own_app", by="li")
    course, plain = (
        rooms.materials.create("image_text", title, tags=["pension"], by="li")
        for title in ("体验课", "规划")
    )
    window = {"opens": clock(), "closes": clock() + 8 * day, "by": "li"}
    rooms.shelf.place(course.id, rooms.twin.id, campaign=drive.id, **window)
    rooms.shelf.place(course.id, other.id, **window)
    rooms.shelf.place(plain.id, rooms.twin.id, **window)

    def told(material, account=rooms.twin.id):
        code = rooms.links.make(material.id, account, rep.id)
        text = client.get(f"/c/{material.id}?t={code}", headers=PHONE).text
        return re.findall(r"(?:现在|\d\d:\d\d 起)(?:优惠 [\d.]+%|免费)", text)

    for local, said in (
        ("18:59", ["19:00 起优惠 10%"]),
        ("19:00", ["现在优惠 10%", "21:00 起优惠 30.5%"]),
        ("23:29", ["现在优惠 30.5%", "23:30 起免费"]),
        ("23:30", ["现在免费"]),
    ):
        hour, minute = map(int, local.split(":"))
        today = rooms.zone.local(clock())
        clock.now = today.replace(hour=hour, minute=minute).astimezone(UTC)
        assert told(course) == said, local
        assert told(course, other.id) == told(plain) == []


@pytest.fixture
def before_eight(clock):
    """A minute to eight in Shanghai, where the day goes on when it ends in Greenwich."""
    clock.now = clock.now.replace(hour=23, minute=59)
    return clock


def test_a_like_is_told_once_however_often_it_is_pressed(before_eight, rooms, page, rep):
    assert "已点赞" in page.act("like").text
    before_eight.move(timedelta(minutes=2))
    page.act("like")
    first, second = page.told("liked_material")
    assert first.id == second.id  # the fold keeps one
    assert (first.material, first.rep) == (page.id, rep.id)


def asked_for(text, act):
    """What the form of this act wants to be filled in, by name."""
    forms = re.findall(r"<form.*?</form>", text, re.DOTALL)
    (own,) = (each for each in forms if f'name="act" value="{act}"' in each)
    fields = re.findall(r"<(?:input|textarea|select)\b[^>]*>", own)
    return [re.search(r'name="(\w+)"', each)[1] for each in fields if 'type="hidden"' not in each]


@pytest.mark.rule("R47.1")
@pytest.mark.parametrize(
    ("act", "told"),
    [
        ("leave_contact", "left_contact"), ("book", "booked"), ("draw", "left_contact"),
        ("return", "asked_return"), ("ask", "case_opened"),
    ],
)  # fmt: skip
def test_each_flow_is_five_inputs_at_most_on_one_page(rooms, client, drawing, act, told):
    fields = asked_for(client.get(f"/c/{drawing}", headers=PHONE).text, act)
    assert 2 + len(fields) <= 5  # the form is opened, and sent
    given = {"phone": TEL, "agreed": "yes", "when": "周六上午", "text": "尺寸不合适"}
    filled = {"act": act} | {name: given[name] for name in fields}
    answer = client.post(
        f"/c/{drawing}/act", data=filled, headers=PHONE, follow_redirects=True
    )  # fmt: skip
    assert answer.status_code == 200
    assert answer.request.path == f"/c/{drawing}"
    assert [each.kind for each in rooms.events() if each.kind == told] == [told]


def test_a_contact_is_left_with_consent_and_joins_her(rooms, page):
    assert "请先同意" in page.act("leave_contact", phone=TEL).text
    assert "不像电话" in page.act("leave_contact", phone="12", agreed="yes").text
    assert page.told("left_contact") == []
    assert "顾问会联系您" in page.act("leave_contact", phone=TEL, agreed="yes").text
    (told,) = page.told("left_contact")
    assert told.links == (Handle("phone", "", "13800138000"),)
    assert told.handle.kind == "cookie"
    (consent,) = rooms.consents.of(told.links)
    assert (consent.purpose, consent.wording) == ("service", "contact-1")


def test_a_booking_and_a_question_without_a_reason_are_taken(page):
    page.act("book", phone=TEL, agreed="yes", when="周六上午")
    assert page.told("booked")[0].detail == {"when": "周六上午"}
    assert "尽快回复" in page.act("ask").text
    assert page.told("case_opened")[0].detail == {}
    assert page.act("ask", text="字" * 501).status_code == 422
    assert page.act("dance").status_code == 422


@pytest.mark.rule("R53.2")
def test_a_return_needs_no_reason_and_takes_one(rooms, page):
    assert "原因（可不填）" in page.text
    assert "已收到退货申请" in page.act("return", text="").text
    assert page.told("asked_return")[0].detail == {}
    page.act("return", text="尺寸不合适")
    assert page.told("asked_return")[1].detail == {"text": "尺寸不合适"}


class Likes:
    """How a material was received, as far as a page asks."""

    def __init__(self, rooms):
        self.rooms = rooms

    def likes(self, material):
        told = {
            each.id
            for each in self.rooms.events()
            if (each.kind, each.material) == ("liked_material", material)
        }
        return len(told)


@pytest.mark.rule("R52.1")
def test_a_customers_story_is_liked_by_other_customers_who_see_how_many_did(
    rooms, flask_client, clock
):
    rooms.receptions = Likes(rooms)
    story = rooms.materials.create(
        "customer_story", "王阿姨的故事", tags=["pension"], fields={"may_publish": True}, by="li"
    )
    opens = clock()
    rooms.shelf.place(story.id, rooms.twin.id, opens=opens, closes=opens + HOUR, by="li")
    for _ in range(2):
        her = flask_client()
        her.get(f"/c/{story.id}", headers=PHONE)
        her.post(f"/c/{story.id}/act", data={"act": "like"}, headers=PHONE)
    assert "2 位客户觉得这个故事有帮助" in flask_client().get(f"/c/{story.id}", headers=PHONE).text


def test_marketing_is_stopped_by_one_button_even_after_closing(rooms, page, clock):
    clock.move(2 * HOUR)
    assert "不会再给您发推广" not in page.text
    page.act("opt_out")
    handle = Handle("cookie", "", page_cookie(rooms))
    assert not rooms.consents.allows([handle], "marketing")


def page_cookie(rooms):
    return next(each.handle.value for each in rooms.events() if each.handle.kind == "cookie")


def test_nothing_else_is_done_on_a_page_that_is_over(page, clock):
    clock.move(2 * HOUR)
    assert page.act("like").status_code == 422
    assert page.told("liked_material") == []


@pytest.fixture
def drawing(rooms, clock):
    """A poster by which one prize can be drawn for."""
    now = clock()
    drive = rooms.campaigns.create("抽奖", opens=now, closes=now + HOUR, reward="保温杯", by="li")
    rooms.parameters.declare(drive.id, "prize_quota", value=1, low=0, high=10, by="li")
    made = rooms.materials.create("poster", "抽奖海报", tags=["pension"], by="li")
    rooms.shelf.place(
        made.id, rooms.twin.id, opens=now, closes=now + HOUR, campaign=drive.id, by="li"
    )
    return made.id


def test_a_prize_is_drawn_once_by_one_phone(client, page, drawing):
    assert page.act("draw", phone=TEL, agreed="yes").status_code == 422  # no campaign here

    def draw(number):
        told = {"act": "draw", "phone": number, "agreed": "yes"}
        return client.post(
            f"/c/{drawing}/act", data=told, headers=PHONE, follow_redirects=True
        ).text

    assert 'value="draw"' in client.get(f"/c/{drawing}", headers=PHONE).text
    assert "恭喜" in draw(TEL)
    assert "恭喜" in draw("+86 13800138000")  # the same person: told again
    assert "没有中奖" in draw("13900139000")


def test_a_form_of_another_site_does_nothing(client, page):
    headers = PHONE | {"Sec-Fetch-Site": "cross-site"}
    refused = client.post(f"/c/{page.id}/act", data={"act": "like"}, headers=headers)
    assert refused.status_code == 403
