"""Files of events, customers and orders in the console: tried first, then brought in, once."""

import io
import re
from datetime import timedelta

import pytest

from data_hub.catalogue import called
from data_hub.taking_back import TakingBack
from juzhen.console.imports import MOST_ROWS
from juzhen.transfer import Undoing
from kernel.events import unpack_any
from schemas.tables import Plan, What

ORDERS = (
    "订单号,手机号,金额,日期,门店\n"
    "A-1,13800138000,100,2026-02-01,静安\nA-2,13900139000,多少,2026-02-02,静安\n"
)


@pytest.fixture
def rooms(knowing_rooms):
    r = knowing_rooms
    r.undoing = Undoing(
        r.records, r.history, r.fold, r.digest, r.identities, r.customers,
        TakingBack(r.history, r.people, r.digest), r.changes, r.clock,
    )  # fmt: skip
    return r


def sent(desk, text, act, name="orders.csv", **typed):
    told = {"what": "orders", "account": desk.account, "columns": "", **typed}
    file = (io.BytesIO(text.encode()), name)
    return desk.post("/console/events/imports", act=act, file=file, **told)


@pytest.fixture
def desk(rooms, desk_of):
    made = desk_of("admin")
    made.account = rooms.app.id
    return made


def kept(rooms):
    return [unpack_any(each) for entry in rooms.journal.read(0) for each in entry.packed]


def test_a_file_is_tried_then_brought_in_once(rooms, desk):
    before = len(kept(rooms))
    tried = sent(desk, ORDERS, "try", columns="门店=-\n")
    assert "还没有写入" in tried.text
    assert re.search("门店 → [-–]", tried.text)
    assert "购买" in tried.text
    assert (len(kept(rooms)), rooms.imports.runs()) == (before, [])

    brought = sent(desk, ORDERS, "bring", columns="门店=-")
    assert "导入完成" in brought.text
    order, refused = kept(rooms)[before:]
    assert (order.kind, order.detail["properties"]["amount"], refused.field) == (
        "bought", 100, "amount"
    )  # fmt: skip
    assert order.handle.value == "13800138000"
    (run,) = rooms.imports.runs()
    assert (run.accepted, run.refused, run.file_name) == (1, 1, "orders.csv")

    again = sent(desk, ORDERS, "bring", columns="门店=-")
    assert (again.status_code, "已导入过" in again.text) == (422, True)
    assert len(kept(rooms)) == before + 2


def test_what_a_command_brings_in_is_stopped_from_the_page_and_goes_on_with_the_same_file(
    rooms, desk, desk_of, tmp_path
):
    file = tmp_path / "orders.csv"
    file.write_text("订单号,手机号,金额,日期\n" + "".join(
        f"A-{n},138{n:08},100,2026-02-01\n" for n in range(1_100)), "utf-8")  # fmt: skip
    plan, pages = Plan(what=What.ORDERS, zone=rooms.zone), []

    def look(told):
        pages.append(desk.get("/console/events/imports").text)
        if len(pages) == 1:
            desk.post(f"/console/events/imports/{told.run}/stop")

    told = rooms.imports.run(file, plan, rooms.app, by="li", tell=look)
    assert (told.cancelled, told.rows) == (True, 500)
    assert "已到第 500 行" in pages[0]
    stopped = desk.get("/console/events/imports").text
    assert "已停止，到第 500 行为止" in stopped
    assert "/stop" not in stopped
    assert desk_of("editor").post(f"/console/events/imports/{told.run}/stop").status_code == 403

    whole = rooms.imports.run(file, plan, rooms.app, by="li")
    assert (whole.run, whole.accepted) == (told.run, 1_100)
    assert len({each.id for each in kept(rooms) if each.kind == "bought"}) == 1_100
    assert desk.post(f"/console/events/imports/{told.run}/stop").status_code == 422
    told = [called(each.act, "zh") for each in rooms.changes.after("").changes]
    assert [each for each in told if "导入" in each] == [
        "开始了文件导入", "停止了文件导入", "导入了资料"
    ]  # fmt: skip


def test_how_far_it_is_how_fast_and_how_long_still_is_told_until_nothing_moves(
    rooms, desk, tmp_path
):
    file = tmp_path / "orders.csv"
    file.write_text("订单号,手机号,金额,日期\n" + "".join(
        f"A-{n},138{n:08},100,2026-02-01\n" for n in range(1_250)), "utf-8")  # fmt: skip
    plan, pages = Plan(what=What.ORDERS, zone=rooms.zone), []

    def look(told):
        pages.append(desk.get("/console/events/imports").text)
        rooms.clock.move(timedelta(minutes=3))
        pages.append(desk.get("/console/events/imports").text)

    rooms.imports.run(file, plan, rooms.app, by="li", total=1_250, tell=look)
    assert 'max="1250" value="500"' in pages[0]
    assert "500 / 1,250" in pages[0]
    assert ("每分钟" in pages[0], "起没有动静" in pages[0]) == (False, False)  # nobody can tell yet
    assert "起没有动静" in pages[1]
    assert "1,000 / 1,250 · 每分钟 333 · 约剩 45 秒" in pages[2]
    assert "起没有动静" not in pages[2]
    assert "每分钟" not in pages[3]  # three minutes without a slice: it broke off


def test_taking_a_run_back_is_stopped_and_gone_on_with_from_the_page(
    rooms, desk, desk_of, tmp_path
):
    file = tmp_path / "orders.csv"
    file.write_text("订单号,手机号,金额,日期\n" + "".join(
        f"A-{n},138{n:08},100,2026-02-01\n" for n in range(900)), "utf-8")  # fmt: skip
    run = rooms.imports.run(file, Plan(what=What.ORDERS, zone=rooms.zone), rooms.app, by="li").run
    path = f"/console/events/imports/{run}/undo"
    assert desk.post(path + "/stop").status_code == 422  # nobody takes it back
    assert 'max="900" value="600"' in desk.post(path, act="undo").text
    assert desk_of("analyst").post(path + "/stop").status_code == 403
    stopped = desk.post(path + "/stop").text
    assert "撤回已停止" in stopped
    assert (rooms.undoing.finish(), rooms.undoing.one(run).taken_back["events"]) == (0, 600)
    assert rooms.identities.find("13800000899") != []

    assert "已撤回 900 条" in desk.post(path, act="undo").text
    assert rooms.identities.find("13800000899") == []
    assert desk.post(path + "/stop").status_code == 422  # it is over


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": "orders.xlsx"}, "file"), ({"name": ""}, "file"), ({"what": "tea"}, "what"),
        ({"name": ".."}, "file"), ({"name": "a/."}, "file"),
        ({"account": "acc_none"}, "account"), ({"columns": "门店"}, "columns"),
        ({"text": "a\n" * (MOST_ROWS + 2)}, "file"),
    ],
    ids=["of another kind", "none", "of nothing", "above", "the folder", "nobody's",
         "half a line", "too many rows"],
)  # fmt: skip
def test_what_cannot_be_brought_in_is_refused_beside_its_field(rooms, desk, typed, field):
    refused = sent(desk, typed.pop("text", ORDERS), "bring", **typed)
    assert refused.status_code == 422
    assert f'id="wrong-{field}"' in refused.text
    assert rooms.imports.runs() == []


def test_only_who_may_replay_events_brings_any_in(desk_of, rooms):
    for role in ("analyst", "team_lead"):
        desk = desk_of(role)
        desk.account = rooms.app.id
        assert sent(desk, ORDERS, "bring").status_code == 403
    assert rooms.imports.runs() == []


def test_a_run_is_looked_at_and_then_taken_back_by_who_may(rooms, desk, desk_of):
    sent(desk, ORDERS, "bring", columns="门店=-")
    (run,) = rooms.imports.runs()
    path = f"/console/events/imports/{run.id}/undo"
    assert desk_of("analyst").post(path, act="undo").status_code == 403
    assert desk.post("/console/events/imports/fil_none/undo", act="undo").status_code == 404

    looked = desk.post(path, act="look")
    assert "还没有撤回" in looked.text
    assert rooms.identities.find("13800138000") != []
    page = desk.post(path, act="undo").text
    assert "已撤回 1 条，1 位客户随之不再存在，0 位保留" in page
    assert rooms.identities.find("13800138000") == []
    again = desk.post(path, act="undo")
    assert (again.status_code, "已经撤销过" in again.text) == (422, True)
