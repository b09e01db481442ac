"""What waits for a person: why, what to do, and a hundred at once (U16); accounts and their health.

The operations are counted in a real browser, from the console's first page on.
"""

import shutil
import threading
from datetime import timedelta

import pytest
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from channels.base import Refused
from channels.deliveries import State
from channels.deliveries.remedies import Remedy, remedy_of
from kernel.events import Handle
from tests.browsing import violations
from tests.conftest import missing
from tests.rounds import send_due

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def parked(rooms, n=1, reason="platform_refused", occasion="o"):
    """Messages of the wall that the platform refused."""
    rooms.board.trouble = [Refused(reason, path="p", errcode=1, errmsg="e") for _ in range(n)]
    for each in range(n):
        rooms.publishing.send(
            Handle("openid", rooms.wall.id, f"{occasion}{each}"), "board", occasion=occasion,
            purpose="service", words="您好", by="li",
        )  # fmt: skip
    sent(rooms)


def sent(rooms):
    """Rounds are short, so that a worker told to stop soon does."""
    while send_due(rooms.publishing):
        pass


@pytest.mark.parametrize(
    ("state", "reason", "remedy"),
    [
        ("unknown", "platform_unreachable", Remedy.LOOK),
        ("awaiting_person", "", Remedy.PERSON),
        ("parked", "recipient_gone", Remedy.DROP),
        ("parked", "platform_signed_us_out", Remedy.ACCOUNT),
        ("parked", "crashes_worker", Remedy.CONTENT),
        ("parked", "never_heard_of", Remedy.RETRY),
        ("refused", "never_heard_of", Remedy.CONTENT),
    ],
)
def test_for_every_reason_there_is_something_to_do(state, reason, remedy):
    assert remedy_of(state, reason) is remedy


def test_what_is_stuck_lies_in_piles_by_account_and_reason(rooms):
    parked(rooms, 3)
    parked(rooms, 2, "recipient_gone", "p")
    piles = rooms.deliveries.piles()
    assert [(pile.reason, pile.count) for pile in piles] == [
        ("platform_refused", 3), ("recipient_gone", 2),
    ]  # fmt: skip
    assert rooms.deliveries.piles(account="acc_other") == []
    assert "平台拒绝" in piles[0].why("zh")


def test_a_pile_is_retried_or_dropped_and_the_others_stay(rooms, desk):
    parked(rooms, 3)
    parked(rooms, 2, "recipient_gone", "p")
    page = desk.post("/console/parked/drop", account=rooms.wall.id, reason="recipient_gone").text
    assert "已放弃 2 条" in page
    assert "平台拒绝" in page
    page = desk.post("/console/parked/retry", account=rooms.wall.id, reason="platform_refused").text
    assert "已重新排队 3 条" in page
    sent(rooms)
    states = [each.state for each in rooms.deliveries.page(first=10).items]
    assert sorted(states) == [State.CANCELLED] * 2 + [State.DONE] * 3


def test_what_may_have_arrived_is_not_retried_with_the_rest(rooms):
    parked(rooms, 1)
    (delivery,) = rooms.deliveries.page().items
    with rooms.records.write() as session:
        session.get(type(delivery), delivery.id).state = State.UNKNOWN.value
    assert rooms.deliveries.retry_many(by="li") == 0
    assert rooms.deliveries.drop_many(account=rooms.wall.id, by="li") == 1


def test_a_delivery_is_explained_step_by_step(rooms, desk):
    parked(rooms, 1)
    (delivery,) = rooms.deliveries.page().items
    for path in ("/console/parked", "/console/deliveries"):
        assert f"/console/deliveries/{delivery.id}" in desk.get(path).text
    page = desk.get(f"/console/deliveries/{delivery.id}").text
    for said in ("每一步", "待发送", "发送中", "平台拒绝", "一位客户", "li"):
        assert said in page
    assert "<title>消息 · 投放记录" in page


@pytest.mark.parametrize("path", ["/console/parked/retry", "/console/parked/drop"])
def test_who_may_not_place_changes_nothing_there(rooms, desk_of, path):
    parked(rooms, 1)
    answer = desk_of("analyst").post(path, account=rooms.wall.id, reason="platform_refused")
    assert answer.status_code == 403
    assert len(rooms.deliveries.piles()) == 1


# accounts


def test_every_account_says_how_it_stands(rooms, desk, clock):
    parked(rooms, 2)
    rooms.health.heard(rooms.wall.id)
    page = desk.get("/console/accounts").text
    assert "查看 2 条待处理" in page
    assert page.count("<svg") >= 1
    assert "还没有收到过" in page  # the app's platform never calls back
    signs = {each.account.code: each for each in rooms.health.all()}
    assert (signs["board"].state, signs["board"].said, signs["board"].stuck) == ("well", 2, 2)
    assert signs["board"].heard == clock()


def test_the_worst_comes_first(rooms, clock):
    rooms.publishing.send(
        Handle("openid", rooms.wall.id, "o"), "board", occasion="o", purpose="service",
        words="您好", by="li",
    )  # fmt: skip
    clock.move(timedelta(minutes=6))
    assert [each.state for each in rooms.health.all()] == ["behind", "well"]
    for _ in range(5):
        rooms.breakers.failed(rooms.wall.id)
    assert rooms.health.all()[0].state == "out_of_order"
    rooms.accounts.pause(rooms.app.id, "paused_by_person", by="t")
    assert [each.state for each in rooms.health.all()] == ["paused", "out_of_order"]


def test_a_burst_of_callbacks_costs_one_write(rooms, clock):
    rooms.health.heard(rooms.wall.id)
    first = clock()
    clock.move(timedelta(seconds=9))
    rooms.health.heard(rooms.wall.id)
    assert {each.account.code: each.heard for each in rooms.health.all()}["board"] == first
    clock.move(timedelta(seconds=1))
    rooms.health.heard(rooms.wall.id)
    assert {each.account.code: each.heard for each in rooms.health.all()}["board"] == clock()


def test_what_is_left_of_a_days_messages_is_a_bar(rooms, desk):
    rooms.accounts.edit(rooms.wall.id, settings={"messages_a_day": 4}, by="t")
    parked(rooms, 3)
    (signs,) = [each for each in rooms.health.all() if each.most]
    assert (signs.said, signs.left) == (3, 1)
    assert "已用 3 / 4" in desk.get("/console/accounts").text


def test_an_admin_pauses_and_resumes_and_an_editor_may_not(rooms, desk_of):
    path = "/console/accounts/board/"
    assert desk_of("editor").post(path + "pause").status_code == 403
    assert "由人工暂停" in desk_of("admin").post(path + "pause").text
    assert rooms.accounts.one("board").paused
    assert "账号已恢复" in desk_of("admin").post(path + "resume").text
    assert not rooms.accounts.one("board").paused


# in a real browser


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        missing("no Chromium: apt-get install chromium, or set one on the path")
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser, flask):
    server = make_server("127.0.0.1", 0, flask, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    contexts = []

    def open_(path="", width=1280):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, locale="zh-CN",
            extra_http_headers={"X-Actor": "admin"},
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"http://127.0.0.1:{server.server_port}/console/{path}")
        return page

    yield open_
    for context in contexts:
        context.close()
    server.shutdown()
    thread.join(5)
    server.server_close()


def test_u16_why_a_hundred_are_parked_is_seen_and_all_are_retried(rooms, opened):
    parked(rooms, 100, "platform_signed_us_out")
    page = opened()
    operations = 0
    page.get_by_text("条投放需要人工处理").click()
    operations += 1
    page.get_by_text("先修好账号").wait_for()
    page.get_by_role("button", name="全部重试").click()
    operations += 1
    page.get_by_text("已重新排队 100 条").wait_for()
    assert operations <= 4
    sent(rooms)
    assert rooms.deliveries.piles() == []


@pytest.mark.parametrize(
    "path",
    ["parked", "accounts", "deliveries/{}", "parked?lang=en", "accounts?lang=en",
     "deliveries/{}?lang=en"],
)  # fmt: skip
def test_the_pages_fit_a_phone_and_axe_minds_nothing(rooms, opened, path):
    parked(rooms, 3)
    parked(rooms, 2, "recipient_gone", "p")
    rooms.accounts.pause(rooms.app.id, "paused_by_person", by="t")
    (one, *_) = rooms.deliveries.page().items
    page = opened(path.format(one.id), width=360)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert violations(page) == []
