"""The three minutes of the tour, played by its visitor: real processes, a real browser."""

import shutil

import pytest

from juzhen.demo.build import move
from juzhen.demo.home import read, settings_of
from juzhen.settings import environment_of
from tests.flows.company import Asking, Processes, eventually, free_port

pytestmark = [pytest.mark.browser]


@pytest.fixture
def visited(home, tmp_path):
    """A copy of it, with all its processes."""
    home = shutil.copytree(home, tmp_path / "company")
    settings = settings_of(home, free_port())
    move(home, settings)
    processes = Processes(home, environment_of(settings))
    sandbox = settings.demo_sandbox
    try:
        processes.start(
            "sandbox", "sandbox", "--port", sandbox.rpartition(":")[2],
            "--folder", str(home / "sandbox"), "--hub", settings.public_url, "--act-every", "0",
        )  # fmt: skip
        processes.start("web", "serve")
        processes.start("worker", "worker")
        assert eventually(Asking(settings.public_url).up), processes.log("web")
        assert eventually(lambda: Asking(sandbox).up("/sandbox/knobs")), processes.log("sandbox")
        yield read(home)["url"]
    finally:
        processes.close()


@pytest.fixture
def visitor(browser):
    """A new pair of eyes each time: nobody's session is another's."""
    opened = []

    def sees(url):
        context = browser.new_context(viewport={"width": 390, "height": 800}, locale="zh-CN")
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(url)
        return page

    yield sees
    for context in opened:
        context.close()


def sendable(rep, customer):
    """Open the first content of her list that can reach the customer's app. Posters cannot, and
    what leads the list is not always the same."""
    sends = rep.get_by_role("article").filter(has_not_text="· 话术").get_by_text("发给客户")
    sends.first.wait_for()
    seen = []
    for place in range(sends.count()):
        rep.goto(customer)
        sends.nth(place).click()
        rep.get_by_role("group", name="怎么发").wait_for()
        if (by_app := rep.get_by_label("App 消息")).count():
            return by_app
        seen.append(rep.locator("main").inner_text())
    raise AssertionError(f"nothing on her list goes to the app: {seen}")


def test_from_the_red_dot_to_the_customer_who_read_it_and_from_the_shelf_to_nowhere(
    visited, visitor
):
    rep = visitor(visited)
    rep.get_by_text("以客户经理登录").click()
    rep.get_by_text("林秀兰").first.click()
    rep.wait_for_url("**/workbench/customers/**")
    customer = rep.url
    by_app = sendable(rep, customer)
    by_app.check()
    rep.get_by_role("button", name="发送", exact=True).click()
    assert eventually(lambda: "said=done_shared" in rep.url), rep.locator("main").inner_text()

    her = visitor(visited)
    her.goto(her.get_by_role("link", name="她的应用").get_attribute("href"))
    link = her.get_by_text("打开链接")
    assert eventually(lambda: her.reload() and link.count())
    link.last.click()
    her.wait_for_url("**/app/readings/**")

    def seen():
        rep.goto(customer)
        return "打开了链接" in rep.locator("main").inner_text()

    assert eventually(seen)

    editor = visitor(visited)
    twin = visitor(editor.get_by_role("link", name="打开应用分身").get_attribute("href"))
    editor.on("dialog", lambda asked: asked.accept())
    editor.get_by_text("以编辑登录").click()
    placed = editor.locator("section.now ul.list > li").first
    title = placed.locator("h3").inner_text()
    assert title in twin.content()
    with editor.expect_navigation():
        placed.locator("button.danger").click()
    twin.reload()
    assert title not in twin.content()


def test_from_the_campaigns_page_to_the_rep_who_confirms_and_back_with_the_result(visited, visitor):
    manager = visitor(f"{visited}/")
    manager.get_by_text("以编辑登录").click()
    manager.get_by_role("heading", level=1).first.wait_for()
    campaign = f"{visited}/console/campaigns/community"
    manager.goto(campaign)
    there = visitor(
        manager.get_by_role("link", name="在沙箱里看各平台的样子").get_attribute("href")
    )
    there.get_by_role("link", name="禾嘉企业微信 · ").click()
    confirm = there.locator("form[action$='/confirm'] button")
    assert eventually(lambda: there.reload() and confirm.count())

    def all_confirmed():
        if confirm.count():
            with there.expect_navigation():
                confirm.first.click()
        return not confirm.count()

    assert eventually(all_confirmed)

    def told():
        manager.goto(campaign)
        messages = manager.locator("section", has_text="群发与触达").last
        return messages.locator("li", has_text="企业微信邀约").inner_text()

    assert eventually(lambda: "已送达" in told() or "已完成" in told() or "已展示" in told()), (
        told()
    )
