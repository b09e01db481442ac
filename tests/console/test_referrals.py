"""The referral page, and the card on a customer's page: codes, chains and payments."""

import re

import pytest

from tests.data_hub.telling import event, user


@pytest.fixture
def ann(knowing_rooms, desk_of):
    """Ann has a code, brought Bea by it, and Bea bought."""
    r = knowing_rooms
    named = {"traits": {"name": "白雪"}}
    r.tell(event("viewed_page", user("ann")), event("identified", user("bea"), detail=named))
    her = r.identities.customer_of(user("ann"))
    page = desk_of("admin").post(f"/console/customers/{her}/code").text
    (code,) = re.findall(r"<code>([A-Z0-9]{8})</code>", page)
    come, order = {"referral": code}, {"amount": 1_000, "product": "稳盈", "order_id": "A-1"}
    r.tell(
        event("signed_up", user("bea"), detail=come, minutes=1),
        event("bought", user("bea"), detail=order, minutes=2),
    )
    r.referrals.follow()
    return her


@pytest.mark.rule("R61.2", "R61.3")
def test_a_customers_page_shows_whom_she_brought_and_notes_what_she_was_paid(desk_of, ann):
    desk = desk_of("admin")
    page = desk.get(f"/console/customers/{ann}").text
    for told in ("已奖励", "稳盈 ¥1,000.00", "¥50.00", 'value="50.00"'):
        assert told in page
    paid = desk.post(f"/console/customers/{ann}/reward", amount="20.50").text
    assert "已记为兑付" in paid
    assert "¥29.50" in paid
    assert desk.post(f"/console/customers/{ann}/reward", amount="29.51").status_code == 409
    for typed in ("", "-1", "nan", "1e3", "1.234"):
        assert desk.post(f"/console/customers/{ann}/reward", amount=typed).status_code == 422
    for role in ("rep", "team_lead", "analyst"):
        answer = desk_of(role).post(f"/console/customers/{ann}/reward", follow=False, amount="1")
        assert answer.status_code == 403


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.rule("R61.2")
def test_the_board_names_whom_the_asker_may_see(desk_of, ann, language):
    page = desk_of("admin").get(f"/console/referrals?lang={language}").text
    assert ">None<" not in page
    assert f"/console/customers/{ann}" in page
    assert page.count("¥50.00") == 2  # granted, and owed
    assert f"/console/customers/{ann}" not in desk_of("analyst").get("/console/referrals").text
    assert desk_of("editor").get("/console/referrals").status_code == 403


def test_a_lead_finds_her_own_customers_on_the_board_and_nobody_without_a_name(
    desk_of, knowing_rooms, ann
):
    page = desk_of("team_lead", "north").get("/console/referrals").text
    assert "只列出你能看到的客户" in page
    assert "¥50.00" not in page
    assert "其他客户" not in page
    assert desk_of("analyst", "north").get("/console/referrals").status_code == 200
    assert "只列出" not in desk_of("admin").get("/console/referrals").text


def test_while_much_is_still_digested_the_board_says_so(desk_of, knowing_rooms, ann):
    desk = desk_of("admin")
    assert "还有" not in desk.get("/console/referrals").text
    waiting = [event("viewed_page", user(f"u{n}")) for n in range(600)]
    knowing_rooms.history.put(waiting[:400], upto=1_000)
    knowing_rooms.intake.take(waiting[400:])
    for page in ("referrals", "board"):
        assert "还有 600 条行为在消化" in desk.get(f"/console/{page}").text


@pytest.mark.browser
def test_the_card_and_the_board_are_for_everybody(for_everybody, ann):
    for path in ("referrals", f"customers/{ann}"):
        for_everybody(path, role="admin")
