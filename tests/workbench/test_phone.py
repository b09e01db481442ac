"""The workbench in a real browser, as wide as a small phone."""

import pytest
from playwright.sync_api import expect

TOO_WIDE = "document.scrollingElement.scrollWidth - window.innerWidth"
UNDER_THUMB = """() => [...document.querySelectorAll("a.button, button, nav a, summary, select")]
    .filter((each) => each.offsetParent && each.getBoundingClientRect().height < 32
        && !each.closest(".bar"))
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
    page.set_default_timeout(10_000)
    yield page
    context.close()


@pytest.mark.browser
@pytest.mark.rule("R17.1")
def test_no_page_of_the_workbench_is_wider_than_a_small_phone(desk, phone, served, her, shop):
    long = desk.company.place("超长标题" * 12, "养老社区", account=shop["app"].id)
    pages = [
        "", "?lang=en", "customers", f"customers/{her}", f"customers/{her}?lang=en", "me",
        f"customers/{her}/share/{long}", f"customers/{her}/link/{long}",
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
@pytest.mark.rule("R35.3")
def test_two_devices_show_the_same_count_within_five_seconds(
    desk, phone, browser, served, rep, her
):
    other = browser.new_context(viewport={"width": 360, "height": 740}).new_page()
    for page in (phone, other):
        page.goto(f"{served}/workbench/customers")
    count = desk.reminders.unread(rep.staff)
    assert other.locator(".dot").inner_text() == str(count)
    phone.goto(f"{served}/workbench/")
    phone.locator(".row-button").first.click()
    phone.wait_for_url("**/customers/cus_*")
    expect(other.locator(".dot")).to_have_text(str(count - 1), timeout=5_000)
    assert phone.locator(".dot").inner_text() == str(count - 1)


@pytest.mark.browser
def test_from_a_red_dot_to_a_sent_recommendation_takes_five_inputs(desk, phone, served, rep, her):
    phone.goto(f"{served}/workbench/")
    phone.locator(".row-button").first.click()
    phone.locator(".advice .button").first.click()
    words = phone.locator("textarea")
    words.fill("王姐好，" + words.input_value())
    phone.locator("input[name=channel]").first.check()
    phone.get_by_role("button", name="发送").click()
    phone.get_by_text("已交给发送").wait_for()
    (delivery,) = desk.deliveries.of_customer(desk.customers.seen_by(rep).one(her).handles)
    assert delivery.words.startswith("王姐好，王女士您好")
    assert phone.problems == []


@pytest.mark.browser
def test_what_a_customer_reads_appears_on_her_page_while_the_rep_looks_at_it(
    desk, phone, served, her, shop
):
    phone.goto(f"{served}/workbench/customers/{her}")
    handle = desk.identities.handles(her)[0]
    desk.company.tell(desk.company.event("finished_material", handle, shop["materials"][1]))
    phone.locator("#timeline").get_by_text("读完了内容").wait_for()
    assert phone.problems == []
