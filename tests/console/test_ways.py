"""Ways in, in the console: a code or a link is made, seen with what is wrong, and dropped."""

import pytest

from channels.live_codes import Code, LiveCodes


class Door:
    """A channel that makes both."""

    def __init__(self):
        self.made = []

    def make_code(self, state, reps, *, remark, confirm):
        self.made.append((state, list(reps), confirm))
        return Code(f"c-{state}", f"https://p.cn/{state}.png")

    def find_code(self, state, since):
        return None

    def drop_code(self, code):
        self.made.pop()

    def make_link(self, state, reps, *, remark, confirm):
        return Code(f"l-{state}", "", address=f"https://p.cn/l/{state}")

    def find_link(self, state, since):
        return None

    def drop_link(self, ref):
        pass


@pytest.fixture
def rep(rooms):
    return rooms.staff.add("zhang", "张岚", by="t")


@pytest.fixture
def made(rooms):
    door = Door()
    rooms.channels._factories["door"] = lambda *_: door
    rooms.accounts.add(code="w", name="企业微信", kind="door", ecosystem="wechat", by="t")
    rooms.live_codes = LiveCodes(
        rooms.records, rooms.changes, rooms.accounts, rooms.channels, rooms.clock
    )
    return door


@pytest.mark.usefixtures("rep")
def test_a_code_is_made_with_its_reps_and_dropped(rooms, desk, made):
    told = desk.post("/console/ways", account="w", name="门店海报", reps="zhang", kind="code")
    assert "门店海报" in told.text
    assert "张岚" in told.text
    ((state, reps, confirm),) = made.made
    assert (len(reps), confirm) == (1, False)
    assert f"https://p.cn/{state}.png" in told.text
    (way,) = rooms.live_codes.page().items
    assert "已停用" in desk.post(f"/console/ways/{way.id}/drop").text
    assert made.made == []


def test_a_link_shows_where_it_leads(desk, made):
    told = desk.post("/console/ways", account="w", name="短信", kind="link")
    assert "https://p.cn/l/lc" in told.text


@pytest.mark.parametrize(
    ("typed", "said"),
    [({"account": "w", "name": ""}, 422), ({"account": "app", "name": "门店"}, 422),
     ({"account": "w", "name": "门店", "reps": "nobody"}, 422),
     ({"account": "w", "name": "门店", "kind": "tunnel"}, 422)],
)  # fmt: skip
def test_what_cannot_be_is_told_beside_the_form(desk, made, typed, said):
    assert desk.post("/console/ways", **typed).status_code == said
    assert made.made == []


@pytest.mark.usefixtures("made")
def test_what_was_typed_stays_when_a_rep_or_a_content_is_not_there(desk):
    for wrong in ({"reps": "nobody"}, {"material": "mat_none"}):
        told = desk.post("/console/ways", account="w", name="门店海报", words="你好", **wrong)
        assert told.status_code == 422
        assert 'value="门店海报"' in told.text
        assert "你好" in told.text
