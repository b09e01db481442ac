"""A rep sees where she stands and what customers say of her, and may leave the boards."""

from datetime import timedelta

import pytest

from data_hub.leaderboards import Period, Ranking
from kernel.events import Event, Handle
from tests.workbench.conftest import PHONE

FORM = {"csrf": "form-token"}


@pytest.fixture
def told(desk, rep):
    """What customers said and bought: of Li, of Wang as much, of Zhao more."""
    staff = {"li": rep.staff} | {
        code: desk.company.hire(code, name=name).staff
        for code, name in (("wang", "王强"), ("zhao", "赵敏"))
    }
    acts = [
        ("commented", "li"),
        ("liked_material", "li"),
        ("praised", "wang"),
        ("commented", "wang"),
    ]
    acts += [("praised", "zhao")] * 3 + [("bought", "li")]
    desk.history.put(
        [
            Event(id=f"b{n}", kind=kind, at=desk.clock(), account="acc_app", rep=staff[who])
            for n, (kind, who) in enumerate(acts)
        ],
        upto=1_000,
    )  # fmt: skip
    return staff


@pytest.fixture
def phone(desk):
    return desk.client()


def board(phone, query="?of=praise&period=week"):
    """The page's lines, tags left out."""
    page = phone.get(f"/workbench/boards{query}", headers=PHONE)
    assert page.status_code == 200
    return page.text


@pytest.mark.rule("R39.1", "R39.2")
def test_reps_with_as_many_points_share_a_rank(phone, told):
    page = board(phone)
    assert page.index("第 1 名 赵敏") < page.index("第 2 名 李丽") < page.index("第 2 名 王强")
    assert "第 3 名" not in page
    assert page.count('<li class="due" aria-current="true">') == 1  # herself
    sold = board(phone, "?of=performance&period=day")
    assert "第 1 名 李丽" in sold
    assert "王强" not in sold
    assert "业绩榜 · 本周" in board(phone, "?of=odd&period=odd")


@pytest.mark.rule("R39.3")
def test_what_a_customer_says_counts_at_the_next_look_and_yesterday_is_not_today(
    desk, phone, told, clock
):
    assert "第 2 名 李丽" in board(phone)
    more = [
        Event(id=f"m{n}", kind="praised", at=clock(), account="acc_app", rep=told["li"])
        for n in range(4)
    ]
    desk.history.put(more, upto=1_001)
    assert "第 1 名 李丽" in board(phone)
    clock.move(timedelta(days=1))
    assert "名 李丽" not in board(phone, "?of=praise&period=day")


@pytest.mark.rule("R39.4")
def test_who_leaves_stands_on_no_board_and_may_come_back(desk, phone, told):
    left = phone.post("/workbench/boards", data=FORM | {"listed": "no"}, headers=PHONE)
    assert left.status_code == 303
    assert "名 李丽" not in board(phone)
    assert "名 李丽" not in board(phone, "?of=performance&period=month")
    assert desk.leaderboards.left() == {told["li"]}
    phone.post("/workbench/boards", data=FORM | {"listed": "yes"}, headers=PHONE)
    assert "第 2 名 李丽" in board(phone)


@pytest.mark.rule("R40.1")
def test_likes_and_comments_stand_on_the_reps_own_card_whoever_left_the_boards(phone, told):
    card = phone.get("/workbench/me", headers=PHONE).text
    assert "点赞了 1" in card
    assert "评论了 1" in card
    assert "/workbench/boards" in card
    phone.post("/workbench/boards", data=FORM | {"listed": "no"}, headers=PHONE)
    assert "点赞了 1" in phone.get("/workbench/me", headers=PHONE).text
    english = phone.get("/workbench/boards?lang=en&of=praise", headers=PHONE).text
    assert "You are not on the boards" in english


@pytest.mark.rule("R40.1")
def test_what_a_customer_says_without_a_reps_link_is_credited_to_who_looks_after_her(
    desk, phone, told
):
    """Whichever of her handles she does it by; a machine's is nobody's, and so is that of a
    customer whom nobody looks after. What came by a rep's link stays with that rep."""
    hers, app = Handle("phone", "", "13900139000"), Handle("user", "app", "u9")
    stranger = Handle("user", "app", "u8")
    desk.history.put([
        Event(id="known", kind="identified", at=desk.clock(), account="acc_app", handle=app,
              links=(hers,))
    ], upto=1_001)  # fmt: skip
    while desk.digest.run():
        pass
    desk.customers.entrust(hers, told["li"], by="t")

    def said(n, kind, handle, rep="", **detail):
        return Event(id=f"o{n}", kind=kind, at=desk.clock(), account="acc_app", handle=handle,
                     rep=rep, detail=detail)  # fmt: skip

    desk.history.put([
        said(1, "liked_material", hers), said(2, "liked_material", app), said(3, "commented", app),
        said(4, "liked_material", stranger), said(5, "liked_material", app, bot=True),
        said(6, "liked_material", app, rep=told["wang"]), said(7, "praised", app),
    ], upto=1_002)  # fmt: skip
    card = phone.get("/workbench/me", headers=PHONE).text
    assert "点赞了 3" in card, "one by a link of hers, two by none"
    assert "评论了 2" in card
    page = board(phone)
    assert page.index("第 1 名 李丽") < page.index("第 2 名 ")
    told_of = {each.staff: each.of for each in desk.leaderboards.board(Ranking.PRAISE, Period.WEEK)}
    assert told_of[told["li"]] == {"commented": 2, "liked_material": 3}
    assert told_of[told["wang"]]["liked_material"] == 1
