"""Rows of a file become events as an SDK would have sent them, or are refused by number."""

from datetime import UTC, datetime

import orjson
import pytest

from data_hub.catalogue import kind_of
from kernel.calendar import Zone
from kernel.errors import Invalid
from kernel.events import Handle
from schemas.tables import Plan, What, digest, named, rows, turn

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ZONE = Zone("Asia/Shanghai")
PHONE = Handle("phone", "", "13800138000")
ORDERS = [
    {"订单号": "A-1", "手机号": "138 0013 8000", "金额": "¥50,000", "产品": "稳盈",
     "时间": "2026/03/01 10:00:00"},
    {"订单号": "", "手机号": "13800138000", "金额": "1", "产品": "", "时间": "2026-03-01 10:00:00"},
    {"订单号": "A-3", "手机号": "13800138000", "金额": "viel", "产品": "", "时间": ""},
    {"订单号": "A-4", "手机号": "", "金额": "1", "产品": "", "时间": ""},
    {"订单号": "A-5", "手机号": "13800138000", "金额": "1", "产品": "", "时间": "gestern"},
]  # fmt: skip


def turned(what, told, **columns):
    plan = Plan(what=what, columns=columns, zone=ZONE)
    return turn(
        list(enumerate(told, 1)), plan, "acc_1", "own_app", NOW, lambda name: kind_of(name).name
    )


def test_an_order_says_nothing_of_whom_it_is_brought_to():
    (event,) = turned(What.ORDERS, [{
        "订单号": "A-1", "手机号": "13800138000", "金额": "1", "收货人": "李雷",
        "收货地址": "静安寺路 1 号", "receiver_phone": "13900139000", "颜色": "红",
    }]).events  # fmt: skip
    kept = event.detail["properties"]
    assert kept == {"order_id": "A-1", "amount": 1.0, "颜色": "红"}


def test_every_line_of_an_order_is_in_and_a_row_that_comes_twice_once():
    line = {"订单号": "A-1", "手机号": "13800138000", "金额": "30", "产品": "稳盈"}
    told = [line, line | {"产品": "安心", "金额": "20"}, line, line | {"订单号": "A-2"},
            line | {"event": "refunded"}]  # fmt: skip
    ids = [event.id for event in turned(What.ORDERS, told).events]
    assert ids[0] == ids[2] == "order:A-1:bought"
    assert ids[1].startswith("order:A-1:bought:")
    assert ids[3:] == ["order:A-2:bought", "order:A-1:refunded"]
    assert ids == [event.id for event in turned(What.ORDERS, told).events]


def test_orders_count_by_their_id_and_refused_rows_are_named_by_number():
    taken = turned(What.ORDERS, ORDERS)
    (event,) = taken.events
    assert (event.id, event.kind) == ("order:A-1:bought", "bought")
    assert event.at == datetime(2026, 3, 1, 2, tzinfo=UTC)
    assert event.handle == PHONE
    assert event.detail["properties"] == {
        "order_id": "A-1", "amount": 50000.0, "product": "稳盈",
    }  # fmt: skip
    assert [(each.index, each.flaw.field, each.flaw.reason) for each in taken.rejected] == [
        (2, "order_id", "field_is_missing"),
        (3, "amount", "not_a_number"),
        (4, "userId", "no_user_or_anonymous_id"),
        (5, "at", "not_a_time"),
    ]
    assert {each.door for each in taken.refusals} == {"import"}


def test_customers_tell_their_traits_and_every_handle_links():
    (event,) = turned(
        What.CUSTOMERS,
        [{"user_id": 7, "Mobile": "13800138000", "邮箱": "A@b.cn", "unionid": "w1", "姓名": "林",
          "birth date": "1960/5/4", "等级": "金"}],
    ).events  # fmt: skip
    assert event.kind == "identified"
    assert event.handle == Handle("user", "acc_1", "7")
    assert event.links == (Handle("unionid", "", "w1"), PHONE, Handle("email", "", "a@b.cn"))
    assert event.detail["traits"] == {
        "name": "林", "birthday": "1960-05-04", "等级": "金", "phone": "13800138000",
        "email": "A@b.cn",
    }  # fmt: skip


def test_phones_and_ids_of_a_column_of_fractions_are_whole_and_gaps_are_none():
    gap = float("nan")
    taken = turned(
        What.CUSTOMERS,
        [{"user_id": 7.0, "手机号": 13800138000.0, "城市": gap, "面积": 80.5},
         {"user_id": gap, "手机号": 13800138000.0}],
    )  # fmt: skip
    first, second = taken.events
    assert (first.handle, first.links) == (Handle("user", "acc_1", "7"), (PHONE,))
    assert first.detail["traits"] == {"phone": "13800138000", "面积": 80.5}
    assert (second.handle, second.links) == (PHONE, ())


@pytest.mark.parametrize("amount", ["nan", "1e999", "-inf", float("inf")])
def test_an_amount_is_a_number_that_can_be_summed(amount):
    order = {"订单号": "A-1", "手机号": "13800138000", "金额": amount}
    (refused,) = turned(What.ORDERS, [order]).rejected
    assert (refused.flaw.field, refused.flaw.reason) == ("amount", "not_a_number")


@pytest.mark.parametrize(
    ("what", "row"),
    [(What.EVENTS, {"event": "Read", "时间": "2026-03-01"}), (What.CUSTOMERS, {"城市": "上海"})],
)
def test_rows_that_say_the_same_of_two_are_two_and_of_one_are_one(what, row):
    told = [row | {"user_id": who} for who in ("u1", "u2", "u1")]
    ids = [event.id for event in turned(what, told).events]
    assert ids[0] == ids[2] != ids[1]


def test_events_are_named_by_the_mapping_and_what_is_left_out_stays_out():
    told = [{"动作": "Product Viewed", "谁": "u1", "商品": "稳盈", "备注": "x", "material": "m1"}]
    (event,) = turned(What.EVENTS, told, 动作="event", 谁="user_id", 备注="-").events
    assert (event.kind, event.material) == ("viewed_product", "m1")
    assert "备注" not in event.detail["properties"]
    (again,) = turned(What.EVENTS, told, 动作="event", 谁="user_id", 备注="-").events
    assert again.id == event.id


@pytest.mark.parametrize(
    ("told", "at"),
    [
        ("2026-03-01T10:00:00Z", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        (1_772_355_600, datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ("1772355600000", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ("2026-03-01", datetime(2026, 2, 28, 16, tzinfo=UTC)),
        (datetime(2026, 3, 1, 8), datetime(2026, 3, 1, 0, tzinfo=UTC)),  # noqa: DTZ001 - as a table holds it
    ],
)
def test_a_time_in_any_spelling_is_the_companys(told, at):
    (event,) = turned(What.EVENTS, [{"event": "x", "user_id": "u1", "at": told}]).events
    assert event.at == at


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_a_csv_is_read_in_the_codings_and_separators_people_use(tmp_path, coding, between):
    file = tmp_path / "t.csv"
    lines = [["姓名", "手机号"], ["林秀兰", "13800138000"], ["王", ""]]
    file.write_bytes("\r\n".join(between.join(each) for each in lines).encode(coding))
    assert list(rows(file)) == [
        (1, {"姓名": "林秀兰", "手机号": "13800138000"}), (2, {"姓名": "王", "手机号": ""}),
    ]  # fmt: skip
    assert [number for number, _ in rows(file, 1)] == [2]


def test_a_csv_is_read_by_its_coding_wherever_its_first_sign_beyond_ascii_stands(tmp_path):
    file = tmp_path / "t.csv"
    plain = "phone,name\n" + "13800138000,Li\n" * 9_000
    for coding, name in (("gb18030", "林秀兰"), ("utf-8", "林秀兰" * 40_000)):
        file.write_bytes(f"{plain}13900139000,{name}\n".encode(coding))
        assert list(rows(file, 9_000)) == [(9_001, {"phone": "13900139000", "name": name})]


@pytest.mark.parametrize("heading", ["手机号,姓名,手机号", "phone,name, name"])
def test_two_columns_of_one_name_are_refused_by_it(tmp_path, heading):
    (tmp_path / "t.csv").write_text(f"{heading}\n13800138000,林秀兰,13900139000\n", "utf-8")
    with pytest.raises(Invalid) as refused:
        list(rows(tmp_path / "t.csv"))
    flaw = refused.value.flaws[0]
    assert (flaw.field, flaw.reason) == ("file", "column_is_there_twice")
    assert flaw.facts["column"] == heading.rpartition(",")[2].strip()


def test_lines_of_json_are_read_as_the_wire_reads_them(tmp_path):
    """A mark before the first, a number that JSON has not, and one line that never ends."""
    file = tmp_path / "t.jsonl"
    with file.open("wb") as out:
        out.write(b'\xef\xbb\xbf{"phone": "13800138000"}\n{"amount": NaN}\n')
        out.write(b'{"much": "' + b"x" * 5_000_000 + b'"}\n{"phone": "13900139000"}\n')
    first, second, endless, last = rows(file)
    assert (first, second) == ((1, {"phone": "13800138000"}), (2, {"amount": None}))
    assert (endless[0], list(endless[1]), len(endless[1][""])) == (3, [""], 4_096)
    assert last == (4, {"phone": "13900139000"})


def test_values_that_json_has_not_come_in_from_parquet_or_are_refused_alone(tmp_path):
    """Numbers of 128 bits, maps by number, text without its coding, an hour of the day."""
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(":memory:") as engine:
        engine.execute(f"""copy (select 'x' as event, encode('王五') as user_id,
            170141183460469231731687303715884105727::hugeint as wide, map {{1: 2.5}} as by_number,
            time '08:30' as hour, [encode('a')] as parts, case when n = 1 then 'never' end as at
            from range(2) as t(n)) to '{tmp_path}/t.parquet'""")
    taken = turn(
        list(rows(tmp_path / "t.parquet")), Plan(what=What.EVENTS, zone=ZONE), "acc_1", "own_app",
        NOW, lambda name: kind_of(name).name,
    )  # fmt: skip
    (event,) = taken.events
    assert event.handle.value == "王五"
    told = event.detail["properties"]
    assert (told["by_number"], told["hour"]) == ({"1": 2.5}, "08:30:00")
    assert told["wide"] == pytest.approx(2.0**127)
    assert [(each.index, each.flaw.field) for each in taken.rejected] == [(2, "at")]


def test_jsonl_and_parquet_say_the_same(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    told = [{"user_id": n + 1, "event": "x", "amount": n / 2} for n in range(2_500)]
    lines = tmp_path / "t.jsonl"
    lines.write_bytes(b"\n".join(orjson.dumps(each) for each in told))
    columns = tmp_path / "t.parquet"
    with duckdb.connect(":memory:") as engine:
        engine.execute(f"copy (select * from read_json_auto('{lines}')) to '{columns}'")
    assert list(rows(columns)) == list(rows(lines)) == list(enumerate(told, 1))
    assert list(rows(columns, 2_498)) == list(rows(lines, 2_498))
    assert digest(lines) != digest(columns)


@pytest.mark.parametrize("name", ["t.xls", "t", "t.csv.gz"])
def test_what_is_no_table_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(Invalid):
        list(rows(tmp_path / name))


@pytest.mark.parametrize(
    "told",
    ['[{"event":"x","user_id":"u1"}]', '{"event": "x", "user_id": "u1"}\n{"event": "y"}',
     '[\n  {"event": "x"}\n]', '{\n  "event": "x"\n}', "\ufeff[ { 'event': 1 } ]"],
)  # fmt: skip
def test_json_under_the_name_of_a_table_is_refused_with_what_to_do(tmp_path, told):
    """Its first line would be the heading, so of one line nothing came in and nothing was said."""
    file = tmp_path / "t.csv"
    file.write_text(told)
    with pytest.raises(Invalid) as refused:
        list(rows(file))
    assert [(each.field, each.reason) for each in refused.value.flaws] == [
        ("file", "json_in_a_table")
    ]


@pytest.mark.parametrize("heading", ["[event],[user_id]", "{event},{user_id}"])
def test_a_heading_in_brackets_is_one(tmp_path, heading):
    file = tmp_path / "t.csv"
    file.write_text(f"{heading}\nx,u1\n")
    ((_, row),) = rows(file)
    assert [*row.values()] == ["x", "u1"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"user_id": 0}, "id_of_nobody"),
        ({"user_id": "0", "unionid": "NULL"}, "id_of_nobody"),
        ({"anonymous_id": "undefined"}, "id_of_nobody"),
        ({"phone": "12"}, "no_user_or_anonymous_id"),
        ({"user_id": " "}, "no_user_or_anonymous_id"),
    ],
)
def test_a_row_about_nobody_says_what_is_wrong_with_its_id(row, reason):
    (rejected,) = turned(What.CUSTOMERS, [row]).rejected
    assert (rejected.flaw.field, rejected.flaw.reason) == ("userId", reason)


def test_a_parquet_file_that_is_none_and_a_broken_line_are_told_of(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(Invalid):
        list(rows(tmp_path / "t.parquet"))
    (tmp_path / "t.jsonl").write_bytes(b'{"event":"x"\n')
    ((_, row),) = rows(tmp_path / "t.jsonl")
    assert named(row, Plan(what=What.EVENTS)) == {"": '{"event":"x"'}
    assert turned(What.EVENTS, [row]).rejected


def test_a_line_with_more_values_than_columns_is_refused(tmp_path):
    file = tmp_path / "orders.csv"
    file.write_text("order_id,phone,amount\nA-1,13800138000,1,000\nA-2,13800138000,2,\n")
    taken = turn(
        list(rows(file)), Plan(what=What.ORDERS, zone=ZONE), "acc_1", "own_app", NOW,
        lambda name: kind_of(name).name,
    )  # fmt: skip
    assert [(each.index, each.flaw.reason) for each in taken.rejected] == [
        (1, "more_values_than_columns")
    ]
    assert [event.id for event in taken.events] == ["order:A-2:bought"]


@pytest.mark.parametrize("depth", [300, 700, 1_010, 20_000])
@pytest.mark.parametrize("what", list(What))
def test_a_row_that_is_nested_too_deep_keeps_no_neighbour_out(tmp_path, what, depth):
    file = tmp_path / "rows.jsonl"
    bare = '{"phone": "1380013800%d", "order_id": "A-%d", "event": "x", "name": "A"'
    deep = bare % (1, 1) + ', "d": ' + '{"a":' * depth + "1" + "}" * depth + "}"
    flat = bare % (2, 2) + ', "d": ' + "[" * depth + "]" * depth + "}"
    file.write_text("\n".join([deep, bare % (3, 3) + "}", flat]), "utf-8")
    told = turned(what, [row for _, row in rows(file)])
    assert [(each.index, each.flaw.reason) for each in told.rejected] == [
        (1, "nested_too_deep"), (3, "nested_too_deep"),
    ]  # fmt: skip
    assert len(told.events) == 1
    assert len(told.refusals) == 2
