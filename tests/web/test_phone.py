"""Customer pages on a phone: 360 px wide, nothing to push sideways; pages turn by key."""

import base64
import io
import re
import threading
from datetime import timedelta

import pytest
from PIL import Image
from playwright.sync_api import expect
from werkzeug.serving import WSGIRequestHandler, make_server

from channels.preferences import Preferences
from data_hub.consents import MARKETING
from juzhen.web import public, stopping
from kernel.events import Handle
from tests.browsing import Hands
from tests.web.pages_house import PagesHouse
from tests.web.test_public import pdf, png

LONG = "https://e.cn/" + "a" * 300


class Quiet(WSGIRequestHandler):
    """Says nothing on the terminal."""

    def log(self, *told):
        pass


@pytest.fixture
def served(records, people, clock, tmp_path):
    rooms = PagesHouse(records, people, clock, tmp_path)
    rooms.preferences = Preferences(
        rooms.records, rooms.consents, rooms.deliveries, rooms.identities
    )
    app = rooms.application(public.blueprint(rooms), stopping.blueprint(rooms))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield rooms, f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()
    rooms.close()


def shown(rooms, clock, type_, **parts):
    if not rooms.taxonomy.find("养老"):
        rooms.taxonomy.create("养老", "topic", code="pension", by="li")
    made = rooms.materials.create(
        type_, "退休后的养老规划" * 8, tags=["pension"], summary="三步看懂" * 40, by="li", **parts
    )
    rooms.shelf.place(made.id, "acc_1", opens=clock(), closes=clock() + timedelta(hours=1), by="li")
    return made


@pytest.mark.browser
def test_a_poster_is_saved_with_the_card_of_the_rep_who_sent_it(served, browser, clock):
    rooms, address = served
    rep = rooms.staff.add("wang", "王敏", by="li")
    photo, cover = (rooms.media.take(png(color), by="li").id for color in ("#a63", "#369"))
    rooms.staff.present(rep.id, by="li", photo=photo, licence_number="0200112345")
    poster = shown(rooms, clock, "poster", cover=cover, fields={"rep_card": True})
    there = rooms.accounts.add(code="app", name="App", kind="app", ecosystem="own_app", by="li")
    rooms.shelf.place(
        poster.id, there.id, opens=clock(), closes=clock() + timedelta(hours=1), by="li"
    )
    code = rooms.links.make(poster.id, there.id, rep.id)
    phone = browser.new_context(viewport={"width": 360, "height": 740}, is_mobile=True)
    sheet = phone.new_page()
    said = []
    sheet.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    sheet.goto(f"{address}/t/{code}")
    expect(sheet.locator(".signed.drawn")).to_be_attached(timeout=60_000)
    picture = sheet.locator("img.hero")
    expect(picture).to_have_attribute("src", re.compile("^data:image/jpeg;base64,"))
    drawn = base64.b64decode(picture.get_attribute("src").partition(",")[2])
    made = Image.open(io.BytesIO(drawn)).convert("RGB")
    assert made.size == (300, 420 + 78)
    at = [made.getpixel(place) for place in ((150, 200), (35, 460))]
    assert [max(range(3), key=each.__getitem__) for each in at] == [2, 0], "poster, then photo"
    dark = sum(max(made.getpixel((x, 460))) < 90 for x in range(225, 291))
    assert dark > 10, "the code"
    assert "王敏" in sheet.locator(".signed figcaption").inner_text()
    assert said == []
    phone.close()


@pytest.mark.browser
@pytest.mark.rule("R17.2")
def test_customer_pages_fit_a_phone_and_pages_turn_by_key(served, browser, clock):
    rooms, address = served
    document = rooms.media.take(pdf(), by="li").id
    wide = (
        f"<table><tr>{'<td>很宽的表格</td>' * 30}</tr></table><pre>{'x' * 400}</pre><p>{LONG}</p>"
    )
    offer = {"price": "每年 5000 元起" * 5, "next_step": "预约顾问讲解" * 6, "next_url": LONG}
    paths = [
        f"/c/{shown(rooms, clock, 'image_text', body=wide, fields=offer).id}",
        f"/c/{shown(rooms, clock, 'script', body=LONG).id}",
        f"/c/{shown(rooms, clock, 'product_note', fields={'document': document, **offer}).id}",
        "/c/" + rooms.materials.create("poster", "没有上架", by="li").id,
    ]
    phone = browser.new_context(viewport={"width": 360, "height": 740}, is_mobile=True)
    sheet = phone.new_page()
    said = []
    sheet.on("pageerror", lambda error: said.append(str(error)))
    sheet.on("console", lambda line: said.append(line.text) if "Policy" in line.text else None)
    for path in paths:
        sheet.goto(address + path)
        assert sheet.evaluate("document.documentElement.scrollWidth") <= 360, path

    sheet.goto(address + paths[2])
    sheet.keyboard.press("ArrowRight")
    sheet.wait_for_url("**page=2**")
    assert sheet.locator(".reader img").get_attribute("src").endswith("/page-2")
    assert said == []
    phone.close()


@pytest.mark.browser
@pytest.mark.rule("R47.1")
def test_each_flow_of_a_customer_takes_five_inputs_and_three_minutes_at_most(
    served, browser, clock
):
    """U6: to leave a contact takes four, and one minute."""
    rooms, address = served
    until = clock() + timedelta(hours=1)
    drive = rooms.campaigns.create("抽奖", opens=clock(), closes=until, reward="保温杯", by="li")
    rooms.parameters.declare(drive.id, "prize_quota", value=1, low=0, high=10, by="li")
    made = rooms.materials.create("poster", "抽奖海报", by="li", tags=[
        rooms.taxonomy.create("养老", "topic", code="pension", by="li").id])  # fmt: skip
    app = rooms.accounts.add(code="app", name="App", kind="app", ecosystem="own_app", by="li")
    rooms.shelf.place(made.id, app.id, opens=clock(), closes=until, campaign=drive.id, by="li")
    for act, told in (
        ("leave_contact", "left_contact"), ("draw", "left_contact"), ("book", "booked"),
        ("ask", "case_opened"), ("return", "asked_return"),
    ):  # fmt: skip
        phone = browser.new_context(viewport={"width": 360, "height": 740}, is_mobile=True)
        sheet = phone.new_page()
        sheet.goto(f"{address}/t/{rooms.links.make(made.id, app.id)}")
        before = len([each for each in rooms.events() if each.kind == told])
        hands = Hands(4, seconds=60, a_look=12) if act == "leave_contact" else Hands(5, seconds=180)
        flow = sheet.locator("details", has=sheet.locator(f'button[value="{act}"]'))
        hands.tap(flow.locator("summary"))
        for field in flow.locator('input:not([type="hidden"]), textarea').all():
            if field.get_attribute("type") == "checkbox":
                hands.tap(field)
            else:
                hands.fill(field, {"phone": "13800138000"}.get(field.get_attribute("name"), "周六"))
        hands.tap(flow.locator("button"))
        expect(sheet.locator("#act .notice")).to_be_visible()
        assert len([each for each in rooms.events() if each.kind == told]) == before + 1, act
        phone.close()


@pytest.mark.browser
@pytest.mark.rule("R46.2")
def test_u7_she_stops_marketing_with_two_touches_and_sees_why_she_got_what_she_reads(
    served, browser, clock
):
    rooms, address = served
    account = rooms.accounts.add(code="app", name="App", kind="app", ecosystem="own_app", by="li")
    made = shown(rooms, clock, "image_text", body="养老规划")
    rooms.shelf.place(
        made.id, account.id, opens=clock(), closes=clock() + timedelta(hours=1), by="li"
    )
    phone = browser.new_context(viewport={"width": 360, "height": 740}, is_mobile=True)
    sheet = phone.new_page()
    sheet.goto(f"{address}/t/{rooms.links.make(made.id, account.id)}")
    (her,) = (each["value"] for each in phone.cookies() if each["name"] == public.COOKIE)
    known = Handle("cookie", "", her)
    assert rooms.consents.allows([known], MARKETING)
    hands = Hands(2, seconds=20, a_look=5)
    hands.tap(sheet.locator('a[href="/stop"]'))
    hands.tap(sheet.locator('form[action="/stop"] button').first)
    expect(sheet.get_by_role("status")).to_contain_text("Stopped")
    expect(sheet.get_by_role("heading", name="Why you got them")).to_be_visible()
    assert not rooms.consents.allows([known], MARKETING)
    phone.close()
