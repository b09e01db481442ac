"""Signing in by a platform: only the browser that asked comes back, and only as one of ours."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest

from channels.base import Refused
from juzhen.web import login
from kernel.actors import Role


class Door:
    """A platform that knows one code."""

    def __init__(self):
        self.codes = {}

    def sign_in_at(self, back, state):
        return f"https://wx.example.com/ask?back={back}&state={state}"

    def rep_of(self, code):
        if code not in self.codes:
            raise Refused("login_code_unknown")
        return self.codes.pop(code)


class Sessions:
    """Begins sessions for staff."""

    def __init__(self):
        self.begun = []

    def begin(self, staff):
        self.begun.append(staff)
        return f"key-{staff}"

    def of_session(self, key):
        from types import SimpleNamespace

        return SimpleNamespace(actor=SimpleNamespace(role=Role.REP))


@pytest.fixture
def door():
    return Door()


@pytest.fixture
def browser(rooms, door):
    rooms.channels._factories["door"] = lambda *_: door
    rooms.accounts.add(code="w", name="企业微信", kind="door", ecosystem="wechat", by="t")
    rooms.access = Sessions()
    return rooms.application(login.blueprint(rooms)).test_client()


def asked(browser, wanted=""):
    answer = browser.get(f"/login/by/w?next={wanted}")
    return parse_qs(urlsplit(answer.location).query)["state"][0]


def test_she_comes_back_signed_in_where_she_wanted_to_go(rooms, browser, door):
    state = asked(browser, "/workbench/beside/w")
    door.codes["c1"] = "stf_1"
    answer = browser.get(f"/login/by/w/back?code=c1&state={state}")
    assert (answer.status_code, answer.location) == (302, "/workbench/beside/w")
    assert rooms.access.begun == ["stf_1"]
    assert "key-stf_1" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "elsewhere", ["//evil.com", "/\\evil.com", "/\t/evil.com", "https://evil.com"]
)
def test_nobody_is_led_elsewhere_after_signing_in(browser, door, elsewhere):
    door.codes["c1"] = "stf_1"
    state = asked(browser, quote(elsewhere))
    answer = browser.get(f"/login/by/w/back?code=c1&state={state}")
    assert (answer.status_code, answer.location) == (302, "/workbench/")


@pytest.mark.parametrize("state", ["", "guess"])
def test_a_sign_in_that_this_browser_did_not_ask_for_is_refused(rooms, browser, door, state):
    asked(browser)
    door.codes["c1"] = "stf_1"
    answer = browser.get(f"/login/by/w/back?code=c1&state={state}")
    assert answer.status_code == 403
    assert rooms.access.begun == []


def test_a_code_of_nobodys_is_told_on_the_page(rooms, browser):
    state = asked(browser)
    answer = browser.get(f"/login/by/w/back?code=c9&state={state}")
    assert answer.status_code == 401
    assert "登录 code 无效" in answer.text
    assert rooms.access.begun == []


def test_she_is_sent_on_to_nobody_elses_site(browser, door):
    state = asked(browser, "//evil.example.com")
    door.codes["c1"] = "stf_1"
    assert browser.get(f"/login/by/w/back?code=c1&state={state}").location == "/workbench/"


def test_inside_wecom_nobody_is_asked_for_a_password(rooms, browser):
    phone = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) wxwork/4.1.30 MicroMessenger/7.0.1"}
    sent = browser.get("/login?next=/workbench/", headers=phone)
    assert sent.status_code == 302
    assert sent.location.endswith("/login/by/w?next=/workbench/")
    page = browser.get("/login", headers=phone).text  # whoever signed out is not signed in again
    assert "用企业微信登录 · 企业微信" in page
    assert "/login/by/w" not in browser.get("/login?next=/workbench/").text
    rooms.accounts.add(code="w2", name="子公司", kind="door", ecosystem="wechat", by="t")
    asked = browser.get("/login?next=/workbench/", headers=phone)
    assert (asked.status_code, asked.text.count("用企业微信登录")) == (200, 2)


def test_an_account_that_signs_nobody_in_is_not_found(browser):
    assert browser.get("/login/by/app").status_code == 404
