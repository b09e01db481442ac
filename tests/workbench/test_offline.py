"""The workbench on a home screen: it can be installed, and without a network says what is stale."""

from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.workbench.conftest import PHONE

KEPT = """async () => {
    const kept = await caches.open("juzhen-workbench");
    return (await kept.keys()).map(({ url }) => new URL(url).pathname);
}"""
READY = "async () => { await navigator.serviceWorker.ready; }"


@pytest.fixture
def phone(browser):
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    context.close()


@pytest.fixture
def guide(desk, shop):
    return desk.company.place("养老指南", "养老社区", account=shop["app"].id)


def test_it_can_be_installed_under_the_companys_name(desk, rep):
    client = desk.client()
    page = client.get("/workbench/", headers=PHONE).text
    assert 'rel="manifest" href="/workbench/manifest.webmanifest"' in page
    told = client.get("/workbench/manifest.webmanifest", headers=PHONE)
    assert told.content_type == "application/manifest+json"
    assert (told.json["name"], told.json["display"]) == ("矩阵 · 安和人寿", "standalone")
    assert told.json["start_url"] == told.json["scope"] == "/workbench/"
    for icon in told.json["icons"]:
        drawn = client.get(icon["src"])
        assert drawn.content_type == icon["type"]
        if icon["type"] == "image/png":
            with Image.open(BytesIO(drawn.data)) as picture:
                assert f"{picture.width}x{picture.height}" == icon["sizes"]
    sizes = {(icon["sizes"], icon.get("purpose")) for icon in told.json["icons"]}
    assert {("192x192", "any"), ("512x512", "maskable")} <= sizes
    assert 'rel="apple-touch-icon"' in page
    worker = client.get("/workbench/worker.js")
    assert worker.content_type.startswith("text/javascript")


@pytest.mark.browser
def test_without_a_network_it_says_from_when_it_is_and_keeps_no_customer(
    desk, phone, served, rep, her
):
    phone.goto(f"{served}/workbench/customers/{her}")
    expect(phone.locator("[data-stale]")).to_be_hidden()
    phone.evaluate(READY)
    kept = phone.evaluate(KEPT)
    assert [each for each in kept if not each.startswith("/static/")] == ["/workbench/offline"]
    phone.context.set_offline(True)
    expect(phone.locator("[data-stale]")).to_contain_text("没有网络：这一页是")
    phone.goto(f"{served}/workbench/customers")
    expect(phone.get_by_role("heading", name="没有网络")).to_be_visible()
    count = desk.reminders.unread(rep.staff)
    expect(phone.locator("[data-last]")).to_contain_text(f"当时有 {count} 条未读提醒")
    assert phone.evaluate("document.scrollingElement.scrollWidth - window.innerWidth") <= 0
    phone.context.set_offline(False)
    expect(phone.get_by_role("heading", name="没有网络")).to_be_hidden()
    assert phone.url == f"{served}/workbench/customers"


@pytest.mark.browser
def test_what_was_written_stays_where_it_is_until_there_is_a_network(phone, served, her, guide):
    phone.goto(f"{served}/workbench/customers/{her}/share/{guide}")
    phone.evaluate(READY)
    words = phone.locator("textarea[name=words]")
    words.fill("周末来看看吗")
    there = phone.url
    phone.context.set_offline(True)
    expect(phone.locator("[data-stale]")).to_be_visible()
    phone.locator("main form button").first.click()
    expect(phone.locator("form [data-not-sent]")).to_contain_text("还没有发出")
    assert (phone.url, words.input_value()) == (there, "周末来看看吗")

    phone.context.set_offline(False)
    expect(phone.locator("[data-stale]")).to_be_hidden()
    phone.locator("main form button").first.click()
    expect(phone).not_to_have_url(there)


@pytest.mark.browser
def test_going_back_to_what_a_form_answered_does_not_say_that_there_is_no_network(
    phone, served, her, guide
):
    phone.goto(f"{served}/workbench/customers/{her}/share/{guide}")
    phone.evaluate(READY)
    there = phone.url
    phone.locator("input[name=channel][value=link]").check()
    phone.locator("main form button").first.click()
    expect(phone.get_by_role("heading", name="一起带走")).to_be_visible()
    phone.goto(f"{served}/workbench/customers")
    phone.go_back()
    expect(phone.locator("textarea[name=words]")).to_be_visible()
    assert phone.url == there
    expect(phone.get_by_role("heading", name="没有网络")).to_have_count(0)
