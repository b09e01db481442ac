"""Customer pages on a phone: 360 px wide, nothing to push sideways; pages turn by key."""

import threading
from datetime import timedelta

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from juzhen.web import public
from tests.web.pages_house import PagesHouse
from tests.web.test_public import pdf

LONG = "https://e.cn/" + "a" * 300


class Quiet(WSGIRequestHandler):
    """Says nothing on the terminal."""

    def log(self, *told):
        pass


@pytest.fixture
def served(records, people, clock, tmp_path):
    rooms = PagesHouse(records, people, clock, tmp_path)
    app = rooms.application(public.blueprint(rooms))
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
