"""Tables (表格导入): rows of a CSV, JSONL or Parquet file become events, by a mapping of columns.

A row becomes an item of Segment's wire and is checked by its contract, so a file may say whatever
an SDK may. Reads and turns; keeps nothing.
"""

from __future__ import annotations

import csv
import hashlib
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from channels.orders import impersonal
from content_hub import sheets
from data_hub.details import yes, yuan
from data_hub.identities import somebodys
from kernel.calendar import LunarDay, Zone
from kernel.clock import since_1970
from kernel.errors import Flaw, Invalid
from kernel.events import Event, Handle
from kernel.reading import parsed
from kernel.values import dataclass
from schemas import segment
from schemas.order_lines import OrderLines
from schemas.taking import Call, Kinds, Taken, reached_at, text

DOOR = "import"
_WHOSE, _REP = "handle_id", "rep_id"
"""What an item of ours says besides what the wire asks: part of its id, kept to be read again."""
_SLOPPY = re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_LONGEST = 1_000_000
"""A field, or a line of JSON, that is longer is none."""

_BEYOND = "…"
"""The column of what stands to the right of the last column that has a name."""

Row = dict[str, Any]


class What(StrEnum):
    """What a file holds."""

    EVENTS = "events"
    CUSTOMERS = "customers"
    ORDERS = "orders"


_SPELLED: Mapping[str, Sequence[str]] = {
    "user_id": ("userid", "user", "uid", "客户编号", "用户id", "客户号"),
    "anonymous_id": ("anonymousid", "device_id", "设备id"),
    "phone": ("mobile", "tel", "手机", "手机号", "手机号码", "电话"),
    "email": ("mail", "邮箱"),
    "unionid": ("union_id",),
    "openid": ("open_id",),
    "event": ("kind", "event_name", "事件", "事件名", "行为"),
    "at": ("time", "timestamp", "date", "paid_at", "created_at", "时间", "日期", "下单时间",
           "支付时间"),
    "message_id": ("messageid", "event_id", "id", "流水号"),
    "order_id": ("orderid", "order_no", "订单号", "订单编号", "保单号"),
    "amount": ("revenue", "total", "price", "金额", "订单金额", "保费"),
    "product": ("product_name", "商品", "产品", "产品名称"),
    "category": ("类别", "品类"),
    "material": ("material_id", "素材"),
    "rep": ("staff", "客户经理", "客户经理工号", "业务员", "业务员工号", "归属人"),
    "name": ("customer_name", "姓名", "客户姓名"),
    "city": ("城市",),
    "gender": ("sex", "性别"),
    "birthday": ("birth_date", "生日", "出生日期"),
    "birthday_lunar": ("lunar", "农历", "是否农历"),
}  # fmt: skip
"""Our columns, and what else they are called. Whatever is none of these is kept by its own name."""
_ALSO = {also: ours for ours, others in _SPELLED.items() for also in (ours, *others)}
_PERSON = ("user_id", "anonymous_id", "phone", "email", "unionid", "openid")
_KINDS_OF = {"user_id": "user", "openid": "openid", "anonymous_id": "anonymous"}
Called = Callable[[Collection[str]], Mapping[str, Sequence[str]]]
"""Who of the staff are called so, by id, code or name."""
_NOT_HERS = {*_PERSON, "event", "at", "message_id", "material", "rep"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the rows of one file are read."""

    what: What
    columns: Mapping[str, str] = field(default_factory=dict)
    """Columns of the file → ours; beyond the names that everybody knows."""
    zone: Zone = field(default_factory=Zone)
    """Whose clocks a time without a zone was read from."""


def rows(path: Path, after: int = 0) -> Iterator[tuple[int, Row]]:
    """The rows behind that number, each with its own, the first being 1.

    Raises `Invalid` for a file that is none of the three, or that breaks off.
    """
    kind = path.suffix.lower().lstrip(".")
    readers: dict[str, Callable[[Path, int], Iterator[Row]]] = {
        "csv": _csv, "tsv": _csv, "txt": _csv, "jsonl": _jsonl, "ndjson": _jsonl,
        "parquet": _parquet,
    }  # fmt: skip
    if kind not in readers:
        raise Invalid("file", "not_a_table", known="CSV, JSONL, Parquet")
    yield from enumerate(readers[kind](path, after), after + 1)


def digest(path: Path) -> str:
    """By what a file is known, whatever it is called."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _csv(path: Path, after: int) -> Iterator[Row]:
    """UTF-8 or as spreadsheets in China write it; comma, semicolon or tab."""
    csv.field_size_limit(_LONGEST)
    with path.open(encoding=sheets.encoding(path), newline="") as file:
        try:
            between = max(",;\t", key=file.readline(_LONGEST).count)
            file.seek(0)
            reader = csv.DictReader(file, restkey=_BEYOND, delimiter=between)
            sheets.check_heading(reader.fieldnames or ())
            for number, row in enumerate(reader, 1):
                if number > after:
                    if not any(row.get(_BEYOND) or ()):  # a row that ends in commas is none
                        row.pop(_BEYOND, None)
                    yield {str(name).strip(): each for name, each in row.items() if name}
        except (csv.Error, UnicodeDecodeError) as broken:
            raise Invalid("file", "table_breaks_off") from broken


def _jsonl(path: Path, after: int) -> Iterator[Row]:
    with path.open("rb") as file:
        for number, line in enumerate(_lines(file), 1):
            if number > after:
                yield _object(line)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Line by line; of one without end only as much as shows what it was."""
    while line := file.readline(_LONGEST):
        rest = line
        while len(rest) == _LONGEST and not rest.endswith(b"\n"):
            rest = file.readline(_LONGEST)
        yield line


def _object(line: bytes) -> Row:
    try:
        told = parsed(line) if line.strip() else {}
    except Invalid:
        told = None
    return told if isinstance(told, dict) else {"": line.decode("utf-8", "replace")[:4096]}


def _parquet(path: Path, after: int) -> Iterator[Row]:
    try:
        import duckdb
    except ModuleNotFoundError:
        raise Invalid("file", "parquet_needs_an_extra") from None
    with duckdb.connect(":memory:") as engine:
        try:
            asked = engine.execute("select * from read_parquet(?) offset ?", [str(path), after])
            names = [each[0] for each in asked.description]
            while found := asked.fetchmany(1_000):
                yield from (dict(zip(names, each, strict=True)) for each in found)
        except duckdb.Error as broken:
            raise Invalid("file", "table_breaks_off") from broken


def named(row: Row, plan: Plan) -> Row:
    """The row under our names. An empty value is none; a whole number is written as one, also
    where its column is of fractions, as tables with gaps have phones and ids."""
    found: Row = {}
    for name, value in row.items():
        if isinstance(value, str):
            value = value.strip()
        elif isinstance(value, bytes):
            value = value.decode("utf-8", "replace").strip()
        elif isinstance(value, float):
            value = None if math.isnan(value) else int(value) if value.is_integer() else value
        if value is None or value == "":
            continue
        ours = plan.columns.get(name) or _ALSO.get(name.lower().replace(" ", "_"), name)
        if ours != "-":
            found.setdefault(ours, value)
    return found


def turn(
    numbered: Sequence[tuple[int, Row]],
    plan: Plan,
    account: str,
    ecosystem: str,
    received: datetime,
    kinds: Kinds,
    called: Called = lambda _: {},
    lines: OrderLines | None = None,
) -> Taken:
    """Rows as events, or refused with the reason; ``rejected`` names them by their number. The
    event of a customer's row names her rep, whom ``called`` finds by what the row calls him.
    ``lines``: of the orders in the rows before these."""
    whole, lines = Taken(), lines or OrderLines()
    rows = [(number, row, named(row, plan)) for number, row in numbered]
    reps = _reps(rows, called) if plan.what is What.CUSTOMERS else {}
    for number, row, told in rows:
        try:
            if _BEYOND in told:
                raise Invalid("row", "more_values_than_columns")
            rep = _rep(told, reps) if plan.what is What.CUSTOMERS else ""
            item = _ITEMS[plan.what](told, plan) | {_WHOSE: _handles(told, account), _REP: rep}
            if plan.what is What.ORDERS:
                item["messageId"] = lines.id_of(item["messageId"], item["properties"])
        except (Invalid, RecursionError) as wrong:
            deep = Flaw("row", "nested_too_deep")
            flaw = wrong.flaws[0] if isinstance(wrong, Invalid) else deep
            _reject(whole, number, flaw, account, received, _sample(row))
            continue
        call = Call(items=(item,), imported=True)
        taken = segment.turn(call, account, ecosystem, received, kinds)
        whole.events += [about(event, item) for event in taken.events if isinstance(event, Event)]
        whole.rejected += [replace(each, index=number) for each in taken.rejected]
        whole.refusals += [replace(each, door=DOOR) for each in taken.refusals]
    return whole


def _sample(row: Row) -> bytes:
    """A row as it is shown; of one that is nested too deep what it is called by."""
    try:
        return orjson.dumps(_plain(row))
    except (TypeError, RecursionError):
        return orjson.dumps(_plain({k: v for k, v in row.items() if isinstance(v, str | int)}))


def about(event: Event, item: Row) -> Event:
    """The event, about whom its row is and with her rep. Raises KeyError for a row that does not
    say, as rows were kept once."""
    hers = [Handle.parse(each) for each in item[_WHOSE].split("\n")]
    return replace(event, handle=hers[0], links=tuple(hers[1:]), rep=item[_REP] or event.rep)


def _reps(rows: Sequence[tuple[int, Row, Row]], called: Called) -> Mapping[str, Sequence[str]]:
    return called({word for _, _, told in rows if (word := text(told.get("rep")))})


def _rep(told: Row, reps: Mapping[str, Sequence[str]]) -> str:
    """The id of whom the row says looks after her. A name that two bear says of nobody."""
    word = text(told.pop("rep", None))
    found = reps.get(word, ()) if word else ()
    if word and len(found) != 1:
        raise Invalid("rep", "several_reps_called_so" if found else "no_such_rep", rep=word[:60])
    return found[0] if found else ""


def _reject(
    whole: Taken, number: int, flaw: Flaw, account: str, at: datetime, sample: bytes
) -> None:
    whole.reject(number, flaw, door=DOOR, account=account, at=at, sample=sample)


def _events(told: Row, plan: Plan) -> Row:
    if "event" not in told:
        raise Invalid("event", "field_is_missing")
    return {"type": "track", "event": told["event"], "properties": _kept(told), **_who(told, plan)}


def _customers(told: Row, plan: Plan) -> Row:
    """What a list says of a person, as if she had said it herself when the list was written."""
    traits = _kept(told) | {name: str(told[name]) for name in ("phone", "email") if name in told}
    if "birthday" in traits:
        lunar = yes(traits.get("birthday_lunar"))
        traits["birthday"] = _birthday(traits["birthday"], lunar=lunar)
    return {"type": "identify", "traits": traits, **_who(told, plan)}


def _orders(told: Row, plan: Plan) -> Row:
    number = told.get("order_id")
    if number is None:
        raise Invalid("order_id", "field_is_missing")
    properties: Row = impersonal(_kept(told))
    properties["amount"] = _amount(told.get("amount"))
    return {
        "type": "track", "event": told.get("event", "bought"), "properties": properties,
        **_who(told, plan), "messageId": f"order:{number}:{told.get('event', 'bought')}",
    }  # fmt: skip


_ITEMS: Mapping[What, Callable[[Row, Plan], Row]] = {
    What.EVENTS: _events, What.CUSTOMERS: _customers, What.ORDERS: _orders,
}  # fmt: skip


def _kept(told: Row) -> Row:
    kept = {name: _plain(value) for name, value in told.items() if name and name not in _NOT_HERS}
    return kept | {name: told[name] for name in ("material", "rep") if name in told}


def _who(told: Row, plan: Plan) -> Row:
    """What the wire asks of every item; who it is about, `_handles` says."""
    if not any(name in told for name in _PERSON):
        raise Invalid("userId", "no_user_or_anonymous_id")
    item: Row = {"anonymousId": "row"}
    if "message_id" in told:
        item["messageId"] = str(told["message_id"])
    if "at" in told:
        item["timestamp"] = _moment(told["at"], plan.zone)
    return item


def _handles(told: Row, account: str) -> str:
    """By what she is recognised, the most personal first, one a line."""
    found = [
        Handle(kind, account, value)
        for name, kind in _KINDS_OF.items()
        if (value := somebodys(text(told.get(name))))
    ]
    if unionid := somebodys(text(told.get("unionid"))):
        found.append(Handle("unionid", "", unionid))
    found += reached_at(told)
    if not found:
        raise Invalid("userId", _unfit(told))
    return "\n".join(map(str, found))


def _unfit(told: Row) -> str:
    """Why a row that tells of somebody tells of nobody."""
    ids = (text(told.get(name)) for name in (*_KINDS_OF, "unionid"))
    nobodys = any(each and not somebodys(each) for each in ids)
    return "id_of_nobody" if nobodys else "no_user_or_anonymous_id"


def _moment(value: Any, zone: Zone) -> str:
    """ISO, a local time, or seconds or milliseconds since 1970."""
    try:
        if isinstance(value, str) and value.isdecimal() and len(value) >= 10:
            value = int(value)
        if isinstance(value, int | float):
            return since_1970(value).astimezone(zone.info).isoformat()
        if isinstance(value, date) and not isinstance(value, datetime):
            value = value.isoformat()
        at = value if isinstance(value, datetime) else datetime.fromisoformat(_padded(str(value)))
    except (ValueError, OverflowError):
        raise Invalid("at", "not_a_time") from None
    return (at if at.tzinfo else at.replace(tzinfo=zone.info)).isoformat()


def _birthday(value: Any, *, lunar: bool) -> str:
    """As ISO spells it; the lunar year has a 30th of February."""
    if isinstance(value, date):
        return value.isoformat()[:10]
    spelled = _padded(str(value))[:10]
    try:
        if lunar:
            LunarDay.read(spelled)
            return spelled
        return date.fromisoformat(spelled).isoformat()
    except ValueError:
        raise Invalid("birthday", "not_a_date") from None


def _padded(told: str) -> str:
    """2026/3/1 as ISO spells it."""
    return _SLOPPY.sub(lambda found: f"{found[1]}-{found[2]:0>2}-{found[3]:0>2}", told)


def _amount(value: Any) -> float | None:
    try:
        return yuan(float(value) if isinstance(value, Decimal) else value)
    except ValueError:
        raise Invalid("amount", "not_a_number") from None


def _plain(value: Any) -> Any:
    """What JSON can hold, however deep it lies: columns may be wider than its numbers, or maps."""
    match value:
        case list() | tuple():
            return [_plain(each) for each in value]
        case dict():
            return {str(name): _plain(each) for name, each in value.items()}
        case Decimal():
            return float(value)
        case int() if not -(1 << 63) <= value < 1 << 64:
            return float(value)
        case str() | int() | float() | None:
            return value
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)
