"""A developer pastes her token, picks a question, presses Ctrl+Enter and reads the answer."""

import os
import threading
from pathlib import Path

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from tests.browsing import violations
from tests.web.test_graphql import Door


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    made = Door(tmp_path_factory.mktemp("playground"))
    made.place("退休后的养老规划")
    yield made
    made.platform.close()


def test_the_page_offers_every_question_and_brings_nothing_from_elsewhere(door):
    page = door.client.get("/docs/playground")
    assert page.status_code == 200
    for name in ("shelf", "trackingSpec", "placeMaterial"):
        assert f"<code>{name}</code>" in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


@pytest.fixture
def page(browser, door):
    server = make_server("127.0.0.1", 0, door.client.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    opened.goto(f"http://127.0.0.1:{server.server_port}/docs/playground")
    yield opened
    context.close()
    server.shutdown()
    thread.join(5)
    server.server_close()


@pytest.mark.browser
def test_a_question_is_picked_filled_in_and_answered_by_key(page, door):
    page.get_by_label("令牌").fill(door.front)
    page.get_by_label("按名称或说明查找").fill("shelf")
    page.get_by_role("button", name="shelf", exact=True).click()
    page.get_by_label("变量").fill('{"channel": "app"}')
    page.keyboard.press("Control+Enter")
    page.get_by_text("HTTP 200").wait_for()
    expect(page.locator("[data-result]")).to_contain_text("退休后的养老规划")
    page.get_by_label("变量").fill("{")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-said]")).to_contain_text("变量不是合法的 JSON")
    page.get_by_label("变量").fill('{"channel": "nowhere"}')
    page.keyboard.press("Control+Enter")
    page.get_by_text('"code": "not_found"').wait_for()


@pytest.mark.browser
def test_the_playground_is_for_everybody(page):
    assert violations(page) == []
    kept = Path(os.environ.get("JUZHEN_SCREENSHOTS") or "var/screenshots")
    kept.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=kept / "playground.png")
    page.set_viewport_size({"width": 360, "height": 800})
    wide = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
    assert wide <= 0
