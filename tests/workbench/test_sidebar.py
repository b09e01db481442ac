"""The page beside a rep's chat in WeCom, in a real browser with the platform's script played."""

import json

import pytest
from playwright.sync_api import expect

from channels.base import StandsBeside
from channels.wechat.wecom.inside import signature
from kernel.events import Event, Handle
from tests.browsing import Hands

FIVE_MINUTES = 300
SDK = "https://wwcdn.weixin.test/wecom-jssdk.js"
STUB = """
window.asked = {};
window.ww = {
  register(config) {
    asked.config = config;
    config.getConfigSignature().then((told) => { asked.corp = told; });
    config.getAgentConfigSignature().then((told) => { asked.agent = told; });
  },
  getCurExternalContact() { return CONTACT; },
  async sendChatMessage(told) { asked.sent = told; },
  async openEnterpriseChat(told) { asked.opened = told; },
};
"""


class Beside:
    """A WeCom in whose chats a page may stand; signs for whatever address it is asked."""

    writes_to = ""

    def __init__(self):
        self.urls = []

    def beside(self, url):
        self.urls.append(url)
        return {
            "corpId": "ww1", "agentId": 1000002, "timestamp": 1_800_000_000, "nonceStr": "n1",
            "signature": signature("corp-ticket", "n1", 1_800_000_000, url),
            "agentSignature": signature("agent-ticket", "n1", 1_800_000_000, url), "sdk": SDK,
        }  # fmt: skip


@pytest.fixture
def wecom(desk):
    channel = Beside()
    assert isinstance(channel, StandsBeside)
    desk.channels._factories["beside"] = lambda *_: channel
    channel.account = desk.accounts.add(
        code="wecom", name="晨星企微", kind="beside", ecosystem="wechat", by="li"
    )
    return channel


@pytest.fixture
def friend(desk, her, wecom):
    """She is the rep's friend there, too."""
    external = Handle("external_userid", wecom.account.id, "wm_wang")
    desk.identities.note([
        Event(id="f1", kind="followed", at=desk.clock(), account=wecom.account.id,
              handle=external, links=(desk.identities.handles(her)[0],))
    ])  # fmt: skip
    return external.value


@pytest.fixture
def beside(browser, desk, served):
    """Opens the sidebar while a chat is as it is told; 360 px, as in WeCom on a phone."""
    contexts = []
    desk.base_url = served

    def opened(contact, *, script=True):
        context = browser.new_context(viewport={"width": 360, "height": 640}, locale="zh-CN")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.asked = []

        def play(route):
            page.asked.append(route.request.url)
            if not script:
                return route.abort()
            body = STUB.replace("CONTACT", contact)
            return route.fulfill(body=body, content_type="text/javascript")

        page.route(f"{SDK}*", play)
        page.goto(f"{served}/workbench/beside/wecom?from=chat")
        return page

    yield opened
    for context in contexts:
        context.close()


def chat_with(external):
    return f"Promise.resolve({{userId: {json.dumps(external)}}})"


NO_CHAT = 'Promise.reject(new Error("no chat"))'
LATER = "new Promise(() => {})"


@pytest.mark.browser
def test_it_goes_on_to_the_customer_whose_chat_it_is(beside, desk, friend, her):
    page = beside(chat_with(friend))
    page.wait_for_url(f"**/workbench/customers/{desk.identities.resolve(her)}")
    expect(page.get_by_role("heading", level=1)).to_have_text("13800138000")
    assert page.problems == []
    assert set(page.asked) == {SDK}


@pytest.mark.browser
def test_the_script_is_given_both_signatures_of_the_address_that_the_browser_shows(
    beside, wecom, friend
):
    page = beside(LATER)
    page.wait_for_function("window.asked && asked.corp && asked.agent")
    shown = page.evaluate("location.href.split('#')[0]")
    asked = page.evaluate("asked")
    assert wecom.urls == [shown]
    assert (asked["config"]["corpId"], asked["config"]["agentId"]) == ("ww1", 1000002)
    assert asked["config"]["jsApiList"] == ["getCurExternalContact"]
    for which, ticket in (("corp", "corp-ticket"), ("agent", "agent-ticket")):
        told = asked[which]
        assert told["signature"] == signature(ticket, told["nonceStr"], told["timestamp"], shown)
    assert page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth") <= 0


@pytest.mark.browser
@pytest.mark.parametrize(("contact", "script"), [(NO_CHAT, True), (LATER, False)])
def test_without_a_chat_or_the_platforms_script_it_says_so_and_leads_to_the_list(
    beside, friend, contact, script
):
    page = beside(contact, script=script)
    says = page.locator("#beside-says")
    expect(says).to_have_text(says.get_attribute("data-failed"))
    page.get_by_role("link", name="客户").first.click()
    page.wait_for_url("**/workbench/customers")


@pytest.mark.browser
def test_a_chat_with_somebody_nobody_knows_is_told_as_such(beside, friend):
    page = beside(chat_with("wm_stranger"))
    page.wait_for_url("**/beside/wecom/customer?external=wm_stranger")
    assert "王" not in page.inner_text("body")
    assert page.problems == []


def test_nobody_gets_a_page_beside_a_chat_of_an_account_without_chats(desk, rep, shop):
    client = desk.client()
    assert client.get("/workbench/beside/app").status_code == 404
    assert client.get("/workbench/beside/nowhere").status_code == 404


def test_the_policy_of_the_page_lets_in_that_script_and_no_other(desk, wecom, rep):
    told = desk.client().get("/workbench/beside/wecom")
    (scripts,) = [
        each for each in told.headers["Content-Security-Policy"].split(";") if "script-src" in each
    ]
    assert "https://wwcdn.weixin.test" in scripts
    assert "unsafe-inline" not in scripts


@pytest.mark.browser
def test_one_touch_puts_it_into_her_chat_and_into_nobody_elses(beside, desk, friend, her, shop):
    page = beside(chat_with(friend))
    page.wait_for_url(f"**/workbench/customers/{desk.identities.resolve(her)}")
    material = shop["materials"][0]
    page.goto(f"{page.url}/link/{material}")
    button = page.locator("#into-chat")
    button.wait_for()
    whole = button.get_attribute("data-whole")
    button.click()
    expect(button).to_have_text("已带到聊天框")
    told = page.evaluate("asked")
    assert told["sent"] == {"msgtype": "text", "text": {"content": whole}}
    assert "sendChatMessage" in told["config"]["jsApiList"]
    assert "/t/" in whole
    page.evaluate("asked.sent = null; ww.getCurExternalContact = async () => ({userId: 'wm_zhao'})")
    button.click()
    expect(button).to_have_text(button.get_attribute("data-failed"))
    assert page.evaluate("asked.sent") is None
    assert page.problems == []


@pytest.mark.browser
@pytest.mark.rule("R36.1")
def test_beside_her_chat_a_recommendation_is_in_it_after_three_touches(
    beside, desk, friend, her, shop
):
    page = beside(chat_with(friend))
    page.wait_for_url(f"**/workbench/customers/{desk.identities.resolve(her)}")
    hands = Hands(3, seconds=FIVE_MINUTES)
    hands.tap(page.locator(".advice .row .button").first)
    hands.tap(page.get_by_role("button", name="发送"))
    hands.tap(page.locator("#into-chat"))
    expect(page.locator("#into-chat")).to_have_text("已带到聊天框")
    assert "/t/" in page.evaluate("asked.sent.text.content")
    assert page.problems == []


@pytest.mark.browser
@pytest.mark.rule("R30.1")
@pytest.mark.parametrize("inside", [True, False])
def test_from_a_red_dot_her_chat_is_one_touch_away_inside_of_wecom(
    browser, desk, served, rep, wecom, friend, her, inside
):
    desk.base_url = served
    agent = "Mozilla/5.0 (iPhone) MicroMessenger/7.0.1" + " wxwork/4.1.30" * inside
    context = browser.new_context(viewport={"width": 360, "height": 640}, user_agent=agent)
    page = context.new_page()
    script = STUB.replace("CONTACT", NO_CHAT)
    page.route(f"{SDK}*", lambda route: route.fulfill(body=script, content_type="text/javascript"))
    page.goto(f"{served}/workbench/")
    page.locator(".row-button").first.click()
    page.wait_for_url(f"**/workbench/customers/{desk.identities.resolve(her)}*")
    button = page.locator("#open-chat")
    if inside:
        button.click()
        page.wait_for_function("asked.opened")
        assert page.evaluate("asked.opened.externalUserIds") == [friend]
        assert page.evaluate("asked.config.jsApiList") == ["openEnterpriseChat"]
        assert page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth") <= 0
        page.evaluate("() => { ww.openEnterpriseChat = () => Promise.reject(new Error('old')); }")
        button.click()
        expect(button).to_have_text(button.get_attribute("data-failed"))
    else:
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert button.count() == 0
    context.close()
