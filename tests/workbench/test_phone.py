"""The workbench in a real browser, as wide as a small phone."""

import pytest
from playwright.sync_api import expect

from tests.browsing import Hands

TOO_WIDE = "document.scrollingElement.scrollWidth - window.innerWidth"
FIVE_MINUTES = 300
UNDER_THUMB = """() => [...document.querySelectorAll("a.button, a.chip, button, nav a, summary, "
        + "select, .bar a, .pager a, main > p > a:only-child")]
    .filter((each) => each.offsetParent && !each.matches(".skip, .brand")
        && each.getBoundingClientRect().height < 36)
    .map((each) => each.outerHTML.slice(0, 80))"""


@pytest.fixture
def phone(browser, served):
    """A phone with nothing but 360 px; ``phone.problems`` are what its console complained of."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="zh-CN")
    page = context.new_page()
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda said: page.problems.append(said.text)
            if said.type == "error" else None)  # fmt: skip
    page.set_default_timeout(60_000)
    yield page
    context.close()


@pytest.mark.browser
@pytest.mark.rule("R17.1")
def test_no_page_of_the_workbench_is_wider_than_a_small_phone(desk, phone, served, her, shop):
    long = desk.company.place("超长标题" * 12, "养老社区", account=shop["app"].id)
    while desk.finding.follow():
        pass
    pages = [
        "", "?lang=en", "customers", f"customers/{her}", f"customers/{her}?lang=en", "me", "nearby",
        "boards", "boards?of=praise&lang=en", "day",
        f"customers/{her}/share/{long}", f"customers/{her}/link/{long}",
        f"customers/{her}/says?said=贵", f"customers/{her}/why?about=超长标题",
    ]  # fmt: skip
    for page in pages:
        phone.goto(f"{served}/workbench/{page}")
        assert phone.evaluate(TOO_WIDE) <= 0, page
        assert phone.evaluate(UNDER_THUMB) == [], page
        for folded in phone.locator("details").all():
            folded.evaluate("(each) => { each.open = true; }")
        assert phone.evaluate(TOO_WIDE) <= 0, page
    assert phone.problems == []


@pytest.mark.browser
def test_no_day_within_a_sentence_is_broken_at_its_hyphens(desk, phone, served, rep, her):
    handle = str(desk.identities.handles(her)[0])
    desk.reminders.remind(rep.staff, "birthday", handle, "k", due=desk.company.clock(),
                          evidence={"day": "2026-03-04", "in_days": 2})  # fmt: skip
    narrow = """() => { const day = document.querySelector(".now time"), said = day.parentElement;
        said.style.cssText = "display: block; width: 5.5rem";
        return day.getClientRects().length }"""
    for language in ("zh", "en"):
        phone.goto(f"{served}/workbench/customers/{her}?lang={language}")
        assert phone.evaluate(narrow) == 1


@pytest.mark.browser
def test_whatever_a_key_goes_to_stands_above_the_tabs(phone, served, her, shop):
    phone.goto(f"{served}/workbench/customers/{her}")
    top = phone.locator(".tabs").bounding_box()["y"]
    for _ in range(30):
        phone.keyboard.press("Tab")
        told = phone.evaluate(
            """() => { const at = document.activeElement;
                const { top, bottom } = at.getBoundingClientRect();
                const what = at.outerHTML.slice(0, 80);
                return at.closest(".tabs") ? null : { top, bottom, what }; }"""
        )
        if told is None:
            break
        assert told["bottom"] <= top, told
        assert told["top"] >= 0 or told["bottom"] < 0, told


@pytest.mark.browser
def test_what_was_done_is_told_apart_from_the_page(phone, served, her):
    for page in ("me?said=done_persona", f"customers/{her}?said=done_talked", "?said=done_later"):
        phone.goto(f"{served}/workbench/{page}")
        told = phone.locator("main > .notice").bounding_box()
        below = phone.locator("main > .notice + *").bounding_box()
        assert below["y"] - told["y"] - told["height"] >= 8, page


@pytest.mark.browser
@pytest.mark.rule("R35.3")
def test_two_devices_show_the_same_count_within_five_seconds(
    desk, phone, browser, served, rep, her
):
    other = browser.new_context(viewport={"width": 360, "height": 740}).new_page()
    for page in (phone, other):
        page.goto(f"{served}/workbench/customers")
    count = desk.reminders.unread(rep.staff)
    expect(other.locator(".dot")).to_have_text(str(count))
    phone.goto(f"{served}/workbench/")
    phone.locator(".row-button").first.click()
    phone.wait_for_url("**/customers/cus_*")
    expect(other.locator(".dot")).to_have_text(str(count - 1), timeout=30_000)
    expect(phone.locator(".dot")).to_have_text(str(count - 1))


@pytest.mark.browser
@pytest.mark.rule("R36.1", "R42.1", "R42.2")
def test_from_a_red_dot_to_a_sent_recommendation_takes_three_inputs(desk, phone, served, rep, her):
    """U1: at most five."""
    phone.goto(f"{served}/workbench/")
    hands = Hands(5, seconds=FIVE_MINUTES)
    hands.tap(phone.locator(".row-button").first)
    hands.tap(phone.locator(".advice .row .button").first)
    hands.tap(phone.get_by_role("button", name="发送"))
    phone.get_by_text("已交给发送").wait_for()
    handles = desk.customers.seen_by(rep).one(her).handles
    assert len(desk.deliveries.of_customer(handles)) == 1
    assert desk.reminders.unread(rep.staff) == 0
    done = {change.act for change in desk.changes.after("").changes if change.by == rep.staff}
    assert {"opened_reminder", "recommended", "sent_script", "done"} <= done
    assert "edited_script" not in done
    assert phone.problems == []


@pytest.mark.browser
@pytest.mark.rule("R37.1", "R42.1", "R42.2")
def test_the_same_with_an_edit_and_a_choice_of_target_takes_five(desk, phone, served, rep, her):
    """U2: at most seven."""
    phone.goto(f"{served}/workbench/")
    hands = Hands(5, seconds=FIVE_MINUTES)
    hands.tap(phone.locator(".row-button").first)
    hands.tap(phone.locator(".advice .row .button").first)
    words = phone.locator("textarea")
    hands.fill(words, "王姐好，" + words.input_value())
    hands.tap(phone.locator("input[name=channel]").first)
    hands.tap(phone.get_by_role("button", name="发送"))
    phone.get_by_text("已交给发送").wait_for()
    (delivery,) = desk.deliveries.of_customer(desk.customers.seen_by(rep).one(her).handles)
    assert delivery.words.startswith("王姐好，王女士您好")
    done = {change.act for change in desk.changes.after("").changes if change.by == rep.staff}
    assert {"opened_reminder", "sent_script", "edited_script"} <= done
    assert phone.problems == []


@pytest.mark.browser
def test_ten_reminders_in_a_row_are_cleared_with_ten_touches(desk, phone, served, rep, her):
    """U3: at most twelve."""
    handle = str(desk.identities.handles(her)[0])
    for day in range(10 - desk.reminders.unread(rep.staff)):
        desk.reminders.remind(rep.staff, "birthday", handle, f"n{day}", due=desk.company.clock(),
                              evidence={"day": "2026-03-04", "in_days": 2})  # fmt: skip
    phone.goto(f"{served}/workbench/")
    expect(phone.locator(".row-dot")).to_have_count(10)
    hands = Hands(12, seconds=FIVE_MINUTES)
    for number in range(10):
        touch = "明天再提醒" if number % 2 else "已跟进"
        hands.tap(phone.get_by_role("button", name=touch).first)
        phone.locator(".row-dot").nth(9 - number).wait_for(state="detached")
    assert desk.reminders.unread(rep.staff) == 0
    assert phone.problems == []


@pytest.mark.browser
def test_with_a_keyboard_they_are_cleared_one_after_the_other_without_going_back_to_the_list(
    desk, phone, served, rep, her
):
    handle = str(desk.identities.handles(her)[0])
    for day in range(3):
        desk.reminders.remind(rep.staff, "birthday", handle, f"k{day}", due=desk.company.clock(),
                              evidence={"day": "2026-03-04", "in_days": 2})  # fmt: skip
    there = desk.reminders.unread(rep.staff)
    phone.goto(f"{served}/workbench/")
    while phone.evaluate("document.activeElement.ariaLabel ?? ''").startswith("已跟进") is False:
        phone.keyboard.press("Tab")
    for left in range(there - 1, there - 4, -1):
        with phone.expect_navigation():
            phone.keyboard.press("Enter")
        expect(phone.locator(".row-dot")).to_have_count(left)
        if left:
            assert phone.evaluate("document.activeElement.ariaLabel").startswith("已跟进")
    assert phone.problems == []


@pytest.mark.browser
def test_words_for_too_expensive_are_copied_with_the_second_touch(
    desk, phone, served, her, shop, rep
):
    phone.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.company.tag("异议处理", "purpose", code="purpose.objection")
    desk.company.place(
        "客户说“太贵了” · 微信回复", "异议处理", kind="script", account=shop["app"].id,
        body="{客户称呼}，我是{客户经理}，算给您看。",
    )  # fmt: skip
    while desk.finding.follow():
        pass
    phone.goto(f"{served}/workbench/customers/{her}")
    hands = Hands(2, seconds=FIVE_MINUTES)
    hands.tap(phone.get_by_role("link", name="“太贵了”"))
    hands.tap(phone.get_by_role("button", name="复制话术"))
    phone.get_by_role("button", name="已复制").wait_for()
    assert phone.evaluate("navigator.clipboard.readText()") == "王女士，我是李丽，算给您看。"
    assert phone.evaluate(TOO_WIDE) <= 0
    assert phone.problems == []


@pytest.mark.browser
def test_the_bars_of_every_card_sum_to_its_score(phone, served, her):
    phone.goto(f"{served}/workbench/customers/{her}")
    cards = phone.evaluate(
        """() => [...document.querySelectorAll(".advice")].map((card) => {
            const figures = [...card.querySelectorAll(".bars .number")].map((each) =>
                Number(each.textContent));
            return [figures.pop(), figures.reduce((sum, each) => sum + each, 0), figures.length];
        })"""
    )
    assert cards
    for score, sum_, parts in cards:
        assert sum_ == pytest.approx(score, abs=0.005 * (parts + 1))


@pytest.mark.browser
def test_what_a_customer_reads_appears_on_her_page_while_the_rep_looks_at_it(
    desk, phone, served, her, shop
):
    phone.goto(f"{served}/workbench/customers/{her}")
    handle = desk.identities.handles(her)[0]
    desk.company.tell(desk.company.event("finished_material", handle, shop["materials"][1]))
    phone.locator("#timeline").get_by_text("读完了内容").wait_for()
    assert phone.problems == []
