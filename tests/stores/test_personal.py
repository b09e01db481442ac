"""What is known about a customer is found and erased by what the columns say of themselves."""

import pytest
from sqlalchemy import MetaData
from sqlalchemy.event import listen
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from stores.personal import forget, held
from tests.blank import kept_at


class Kept(MappedAsDataclass, DeclarativeBase):
    metadata = MetaData()


class Note(Kept, kw_only=True):
    __tablename__ = "notes"
    number: Mapped[int] = mapped_column(primary_key=True)
    handle: Mapped[str] = mapped_column(info={"customer": "drop"})


class Sale(Kept, kw_only=True):
    __tablename__ = "sales"
    number: Mapped[int] = mapped_column(primary_key=True)
    handle: Mapped[str | None] = mapped_column(info={"customer": "blank"})
    buyer: Mapped[str] = mapped_column(info={"customer": "blank"})
    amount: Mapped[int]


class Proof(Kept, kw_only=True):
    __tablename__ = "proofs"
    handle: Mapped[str] = mapped_column(primary_key=True, info={"customer": "keep"})
    words: Mapped[str] = mapped_column(info={"customer": "blank"})


class Neighbour(Kept, kw_only=True):
    __tablename__ = "neighbours"
    handle: Mapped[str] = mapped_column(primary_key=True, info={"customer": "drop"})
    beside: Mapped[str] = mapped_column(info={"customer": "beside"})


@pytest.fixture
def kept(tmp_path):
    records = kept_at(f"sqlite:///{tmp_path}/kept.db", Kept)
    with records.write() as session:
        for number, handle in enumerate(["phone::1", "phone::2"]):
            session.add(Note(number=number, handle=handle))
            session.add(Sale(number=number, handle=handle, buyer="王女士", amount=7))
            session.add(Proof(handle=handle, words="请删除"))
    yield records
    records.close()


def test_everything_about_her_is_found(kept):
    found = list(held(kept, Kept, {"phone::1", "cus_1"}))
    assert {one.table for one in found} == {"notes", "sales", "proofs"}
    assert {one.row["handle"] for one in found} == {"phone::1"}


def test_erasing_drops_blanks_and_keeps_as_the_columns_say(kept):
    assert forget(kept, Kept, {"phone::1"}) == 3
    with kept.read() as session:
        assert [note.handle for note in session.query(Note)] == ["phone::2"]
        sale = session.get(Sale, 0)
        assert (sale.handle, sale.buyer, sale.amount) == (None, "", 7)
        assert session.get(Proof, "phone::1").words == ""
        assert session.get(Proof, "phone::2").words == "请删除"


def test_who_is_named_in_somebody_elses_row_is_not_told_it_and_takes_it_not_away(kept):
    with kept.write() as session:
        for handle in ("phone::1", "phone::2"):
            session.add(Neighbour(handle=handle, beside="phone::1"))
    told = [one.row for one in held(kept, Kept, {"phone::1"}) if one.table == "neighbours"]
    assert told == [{"handle": "phone::1", "beside": "phone::1"}]
    forget(kept, Kept, {"phone::1"})
    with kept.read() as session:
        (left,) = session.query(Neighbour)
        assert (left.handle, left.beside) == ("phone::2", "")


def test_however_much_is_hers_few_rows_go_in_each_write(kept):
    """Others write in between."""
    with kept.write() as session:
        session.add_all(Note(number=n, handle="phone::1") for n in range(2, 502))
    writes = []

    def noted(_, cursor, statement, *__):
        if statement == "BEGIN IMMEDIATE":
            writes.append(0)
        elif statement.startswith(("DELETE", "UPDATE")):
            writes[-1] += cursor.rowcount

    listen(kept.engine, "after_cursor_execute", noted)
    assert forget(kept, Kept, {"phone::1"}) == 503
    assert sorted(writes) == [1, 1, 101, 200, 200]
    with kept.read() as session:
        assert [note.handle for note in session.query(Note)] == ["phone::2"]


def test_erasing_twice_does_no_harm(kept):
    forget(kept, Kept, {"phone::1"})
    assert {one.table for one in held(kept, Kept, {"phone::1"})} == {"proofs"}
    forget(kept, Kept, {"phone::1"})
    assert len(list(held(kept, Kept, {"phone::2"}))) == 3


def test_nobody_is_found_by_no_name(kept):
    assert list(held(kept, Kept, ())) == []
    assert forget(kept, Kept, ()) == 0
