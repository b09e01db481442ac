"""An account's menu: decided here, taken by the platform, chosen by a fan."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from channels.accounts import Accounts, Channels, Sealer
from channels.menus import Entry, HasMenu, Menus, flaws_of
from channels.wechat import messages
from kernel.errors import Conflict, Invalid
from tests.channels.sandboxed import following

ENTRIES = (
    Entry(name="养老规划", below=(
        Entry(name="三步做规划", material="mat_1"), Entry(name="算一算", key="calculator"),
    )),
    Entry(name="联系我", address="https://example.com/contact"),
)  # fmt: skip


@pytest.fixture
def accounts(records, changes, clock):
    return Accounts(records, changes, Sealer({"k": bytes(32)}), clock)


@pytest.fixture
def menus(records, changes, accounts, clock, sandboxed):
    accounts.add(code="oa", name="长河", kind="wechat_oa", ecosystem="wechat", by="t")
    accounts.add(code="app", name="App", kind="app", ecosystem="own_app", by="t")
    made = Channels(accounts, {"wechat_oa": lambda *_: sandboxed, "app": lambda *_: object()})
    return Menus(
        records, changes, accounts, made, lambda key, account: f"https://h.cn/t/{key}", clock
    )


def test_a_menu_is_put_with_the_tracked_links_of_its_materials(menus, sandboxed):
    menu = menus.decide("oa", ENTRIES, by="t")
    assert menu.shown is not None
    assert menu.read() == list(ENTRIES)
    first, second = menus.there("oa")
    assert [each.address for each in first.below] == ["https://h.cn/t/mat_1", ""]
    assert first.below[1].key == "calculator"
    assert second.address == "https://example.com/contact"
    assert isinstance(sandboxed, HasMenu)


def test_no_entries_is_no_menu_and_dropping_it_twice_does_no_harm(menus):
    menus.decide("oa", ENTRIES, by="t")
    for _ in range(2):
        assert menus.decide("oa", [], by="t").shown is not None
        assert menus.there("oa") == []


def test_a_menu_that_the_platform_did_not_take_is_asked_again(menus, sandbox, clock):
    sandbox.knobs(busy={"path": "menu/create", "times": 1})
    menu = menus.decide("oa", ENTRIES, by="t")
    assert (menu.shown, menu.reason) == (None, "platform_said_later")
    assert menus.finish() == 0
    clock.move(timedelta(minutes=2))
    assert menus.finish() == 1
    assert menus.of("oa").shown is not None
    assert menus.finish() == 0


def test_an_account_without_menus_says_so(menus):
    with pytest.raises(Conflict):
        menus.decide("app", ENTRIES, by="t")


@pytest.mark.parametrize(
    ("entries", "flaws"),
    [
        ([Entry(name="一二三四五六", key="k")], [("entries.1.name", "channel_bytes_too_many")]),
        ([Entry(name="", key="k")], [("entries.1.name", "field_is_missing")]),
        ([Entry(name="a")], [("entries.1", "menu_entry_does_one_thing")]),
        ([Entry(name="a", key="k", address="https://a.cn")],
         [("entries.1", "menu_entry_does_one_thing")]),
        ([Entry(name="a", key="k" * 129)], [("entries.1.key", "channel_bytes_too_many")]),
        ([Entry(name="a", key="k")] * 4, [("entries", "too_many_names")]),
        ([Entry(name="a", below=(Entry(name="b", key="k"),) * 6)],
         [("entries.1", "too_many_names")]),
        ([Entry(name="a", below=(Entry(name="b", below=(Entry(name="c", key="k"),)),))],
         [("entries.1.1", "menu_too_deep")]),
    ],
)  # fmt: skip
def test_what_the_platform_would_not_take_is_refused_by_its_place(menus, entries, flaws):
    assert [(flaw.field, flaw.reason) for flaw in flaws_of(entries)] == flaws
    with pytest.raises(Invalid):
        menus.decide("oa", entries, by="t")


@pytest.mark.parametrize(
    ("button", "errcode"),
    [
        ([], 40016),
        ([{"type": "click", "name": "一二三四五六", "key": "k"}], 40018),
        ([{"type": "click", "name": "a"}], 40019),
        ([{"type": "view", "name": "a", "url": ""}], 40020),
        ([{"type": "dance", "name": "a"}], 40017),
        ([{"name": "a", "sub_button": [{"type": "click", "name": "b", "key": "k"}] * 6}], 40023),
    ],
)
def test_the_sandbox_is_as_strict_as_the_platform(wire, button, errcode):
    told = wire.ask("/cgi-bin/menu/create", harmless=range(40_000, 41_000), button=button)
    assert told["errcode"] == errcode


def test_whoever_chooses_an_entry_is_told_as_an_event(menus, sandbox):
    menus.decide("oa", ENTRIES, by="t")
    (fan, *_) = following(sandbox)
    sandbox.knobs(callbacks="late")
    sandbox.post(f"followers/{fan['openid']}/choose", key="calculator")
    body = sandbox.ask("callbacks")["callbacks"][0]["body"].encode()
    (event,) = messages.events(messages.fields(body), "acc_oa", body)
    assert (event.kind, event.detail["EventKey"]) == ("clicked_menu", "calculator")


def test_a_fan_sees_the_menu_on_her_page_and_leaves_by_an_entry(menus, sandbox):
    from urllib.parse import urlencode
    from urllib.request import Request, urlopen

    menus.decide("oa", ENTRIES, by="t")
    (fan, *_) = following(sandbox)
    sandbox.knobs(callbacks="late")
    page = f"{sandbox.url}/followers/{fan['openid']}"
    with urlopen(page) as answer:
        shown = answer.read().decode()
    assert "三步做规划" in shown
    assert "https://example.com/contact" in shown
    told = urlencode({"url": "https://example.com/contact"}).encode()
    with urlopen(Request(f"{page}/menu", told)) as answer:
        assert urlsplit(answer.url).path == urlsplit(page).path
    body = sandbox.ask("callbacks")["callbacks"][0]["body"].encode()
    (event,) = messages.events(messages.fields(body), "acc_oa", body)
    assert (event.kind, event.detail["EventKey"]) == (
        "opened_link", "https://example.com/contact"
    )  # fmt: skip
