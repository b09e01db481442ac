"""Hand-overs in the console: asked for, told with what became of each, and only who may."""

import pytest

from channels.base import Progress, Receipt
from channels.transfers import Transfers
from kernel.events import Handle
from tests.data_hub.telling import event


class Hands:
    """A channel whose customers belong to reps."""

    writes_to = "external_userid"

    def __init__(self):
        self.asked = []

    def hand_over(self, giver, taker, handles, words, *, resigned):
        self.asked.append((len(handles), words, resigned))
        return {each: Receipt(ref=each.value, progress=Progress.SUBMITTED) for each in handles}

    def handed_over(self, giver, taker, *, resigned):
        return {}


@pytest.fixture
def hands(knowing_rooms):
    rooms, door = knowing_rooms, Hands()
    rooms.channels._factories["hands"] = lambda *_: door
    there = rooms.accounts.add(code="w", name="企业微信", kind="hands", ecosystem="wechat", by="t")
    rooms.transfers = Transfers(
        rooms.records, rooms.changes, rooms.accounts, rooms.channels, rooms.clock
    )
    door.giver = rooms.staff.add("giver", "张岚", by="t").id
    rooms.staff.add("taker", "李默", by="t")
    her = Handle("external_userid", there.id, "wm1")
    rooms.tell(event("followed", her, account=there.id, rep=door.giver))
    rooms.customers.entrust(her, door.giver, by="t")
    door.customer = rooms.identities.customer_of(str(her))
    return door


def test_all_of_one_rep_are_handed_to_another(hands, desk_of):
    desk = desk_of("admin")
    assert "还没有转接" in desk.get("/console/transfers").text
    told = desk.post("/console/transfers", account="w", giver="giver", taker="taker",
                     words="以后由李默为您服务", resigned="on")  # fmt: skip
    assert "已向平台提出转接" in told.text
    assert ("张岚" in told.text, "李默" in told.text, "转接中" in told.text) == (True, True, True)
    assert hands.asked == [(1, "以后由李默为您服务", True)]
    assert "under way" in desk.get("/console/transfers?lang=en").text


def test_who_is_named_is_handed_over_and_a_stranger_is_refused(hands, desk_of):
    desk, form = desk_of("admin"), {"account": "w", "giver": "giver", "taker": "taker"}
    assert desk.post("/console/transfers", customers="nobody", **form).status_code == 422
    desk.post("/console/transfers", customers=hands.customer, **form)
    assert hands.asked == [(1, "", False)]
    refused = desk.post("/console/transfers", **{**form, "taker": "giver"})
    assert refused.status_code == 422


def test_all_may_be_named_as_people_call_them(hands, knowing_rooms, desk_of):
    rooms, desk = knowing_rooms, desk_of("admin")
    rooms.tell(event("identified", Handle("external_userid", rooms.accounts.one("w").id, "wm1"),
                     account=rooms.app.id, detail={"traits": {"name": "王芳"}}))  # fmt: skip
    form = {"account": "w", "giver": "张岚", "taker": "李默"}
    refused = desk.post("/console/transfers", **form, customers="赵六")
    assert refused.status_code == 422
    assert "没有叫“赵六”的客户" in refused.text
    assert "没有在职员工叫“无此人”" in desk.post(
        "/console/transfers", **{**form, "taker": "无此人"}
    ).text  # fmt: skip
    assert hands.asked == []
    rooms.staff.leave(hands.giver, by="t")
    desk.post("/console/transfers", **form, customers="王芳")
    assert hands.asked == [(1, "", False)]


@pytest.mark.parametrize("role", ["editor", "analyst"])
def test_only_who_may_hand_customers_over(hands, desk_of, role):
    assert desk_of(role).get("/console/transfers").status_code == 403
