"""A placement's tracked link in the console: for a rep, for a customer, as pictures."""

import re
from datetime import timedelta

import pytest

from channels.live_codes import Code


class Mini:
    """A mini program, as far as it draws codes."""

    codes_lead_to = "mini_program"
    pulled = True

    def __init__(self):
        self.drawn = []

    def make_code(self, state, reps, *, remark, confirm):
        self.drawn.append(state)
        return Code(f"c-{state}", f"https://p.cn/{state}.png")

    def find_code(self, state, since):
        return None

    def drop_code(self, code):
        pass


@pytest.fixture
def rep(rooms):
    return rooms.staff.add("zhang", "张岚", by="t")


@pytest.fixture
def mini(rooms):
    made = Mini()
    rooms.channels._factories["mini"] = lambda *_: made
    rooms.there = rooms.accounts.add(
        code="m", name="小程序", kind="mini", ecosystem="wechat", by="t"
    )
    return made


@pytest.fixture
def placed(rooms, material, clock):
    def place(account):
        made = rooms.shelf.place(
            material.id, account.id, opens=clock(), closes=clock() + timedelta(days=1), by="li"
        )
        return f"/console/placements/{made.id}"

    return place


def shown(page):
    return re.search(r'readonly value="[^"]*/t/([^"]+)"', page.text)[1]


def test_the_link_of_a_rep_stands_there_with_its_qr_code(rooms, desk, placed, rep):
    where = placed(rooms.app)
    plain, hers = desk.get(where), desk.get(f"{where}?rep=zhang")
    assert rooms.links.open(shown(plain)).rep == ""
    assert rooms.links.open(shown(hers)).rep == rep.id
    code = shown(hers)
    assert f'src="/t/{code}/qr.svg"' in hers.text
    assert desk.get(f"/t/{code}/qr.png").status_code == 200


def test_an_unknown_rep_is_told_beside_the_field_and_no_link_is_shown(rooms, desk, placed):
    page = desk.get(f"{placed(rooms.app)}?rep=nobody")
    assert 'id="wrong-rep"' in page.text
    assert "/qr.svg" not in page.text


@pytest.mark.usefixtures("rep")
def test_a_mini_programs_code_is_drawn_of_the_link_that_is_shown(rooms, desk, placed, mini):
    where = placed(rooms.there)
    told = desk.post(f"{where}/code", rep="zhang")
    assert "已生成小程序码" in told.text
    (state,) = mini.drawn
    assert f"https://p.cn/{state}.png" in told.text
    assert rooms.live_codes.of_state(rooms.there.id, state).stands_for == shown(told)
    desk.post(f"{where}/code", rep="zhang")
    assert len(mini.drawn) == 1


def test_other_accounts_draw_none(rooms, desk, placed):
    where = placed(rooms.app)
    assert "/code" not in desk.get(where).text
    assert desk.post(f"{where}/code", follow=False).status_code == 409


@pytest.mark.usefixtures("mini")
def test_nothing_is_drawn_of_a_link_that_names_nobody(rooms, desk, placed, mini):
    told = desk.post(f"{placed(rooms.there)}/code", rep="nobody")
    assert "没有生成" in told.text
    assert mini.drawn == []
