"""The scripts make exactly the tables of the models, on both engines, and undo it again."""

import re
import signal
import subprocess
import sys
from datetime import UTC, date, datetime
from threading import Barrier, Thread

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import (
    JSON,
    Boolean,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    inspect,
    select,
    text,
)

from juzhen.migrations import (
    HERE,
    PARTS,
    ahead,
    downgrade,
    head,
    migrate,
    pending,
    upgrade,
    version,
)  # fmt: skip
from juzhen.migrations.draft import _told, differences, models
from kernel.errors import Conflict
from matching.offers import Offer
from stores.records import Folded, Record, Records
from tests.flows.company import ROOT
from tests.sizes import sized


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def company(request, tmp_path):
    """Empty records and people: two files, or one database."""
    models()
    if request.param == "postgres":
        urls = [request.getfixturevalue("postgres_url")] * 2
    else:
        urls = [f"sqlite:///{tmp_path}/{part}.db" for part in PARTS]
    both = [Records(url, durability="process", patient=True) for url in urls]
    yield both
    for each in both:
        each.close()


def engines(company):
    return [each.engine for each in company]


def lacking(company):
    found = []
    for each, part in zip(company, PARTS, strict=True):
        with each.engine.connect() as connection:
            found += differences(connection, part)
    return found


def tables(company):
    names = {name for each in company for name in inspect(each.engine).get_table_names()}
    return names - {"records_version", "people_version", "sqlite_sequence"}


def test_f30_up_down_and_up_again_gives_the_tables_of_the_models(company):
    migrate(*engines(company))
    assert lacking(company) == []
    assert len(tables(company)) > 20

    for each, part in zip(company, PARTS, strict=True):
        downgrade(each.engine, part)
    assert tables(company) == set()

    migrate(*engines(company))
    assert lacking(company) == []


def test_each_script_can_be_taken_back_by_itself(company):
    numbers = sorted(file.name[:4] for file in (HERE / "versions").glob("0*.py"))
    for each, part in zip(company, PARTS, strict=True):
        for before, number in zip(["base", *numbers], numbers, strict=False):
            upgrade(each.engine, part, number)
            made = tables(company)
            downgrade(each.engine, part, before)
            upgrade(each.engine, part, number)
            assert tables(company) == made
    assert lacking(company) == []


def test_the_history_is_one_line_with_one_head():
    scripts = ScriptDirectory(str(HERE))
    assert scripts.get_heads() == [head()]
    walked = [script.revision for script in scripts.walk_revisions()]
    assert walked == [f"{number:04}" for number in range(len(walked), 0, -1)]
    assert len(walked) == len(list((HERE / "versions").glob("0*.py")))


def test_what_is_pending_is_known_and_migrating_twice_does_no_harm(company):
    assert [pending(each.engine, part) for each, part in zip(company, PARTS, strict=True)] == [
        True, True,
    ]  # fmt: skip
    assert migrate(*engines(company)) == [f"{part}: empty → {head()}" for part in PARTS]
    assert migrate(*engines(company)) == [f"{part}: up to date at {head()}" for part in PARTS]
    assert not any(pending(each.engine, part) for each, part in zip(company, PARTS, strict=True))


def test_tables_newer_than_this_version_are_worked_on_and_never_called_up_to_date(company):
    """A company that rolls goes on with this version over the tables of the next."""
    migrate(*engines(company))
    records = company[0]
    assert ahead(records.engine, "records") == ""
    made = lacking(company), tables(company)
    with records.engine.begin() as connection:
        connection.execute(text("UPDATE records_version SET version_num = '9999'"))
    assert not pending(records.engine, "records")
    assert ahead(records.engine, "records") == "9999"
    with pytest.raises(Conflict, match="at 9999") as refused:
        migrate(*engines(company))
    assert refused.value.reason == "tables_are_newer"
    assert (lacking(company), tables(company)) == made


def test_a_migration_that_fails_leaves_everything_as_it_was(company):
    records = company[0]
    with records.engine.begin() as connection:
        connection.execute(text("CREATE TABLE materials (mine int)"))
    with pytest.raises(Exception, match="materials"):
        migrate(*engines(company))
    assert tables(company) == {"materials"}
    with records.engine.connect() as connection:
        assert version(connection, "records") == ""


_SAYS = (
    (Boolean, True), (DateTime, datetime(2026, 3, 2, tzinfo=UTC)), (Date, date(2026, 3, 2)),
    (Integer, 1), (Float, 1.5), (LargeBinary, b"{}"), (JSON, {}),
)  # fmt: skip
"""What a row of an old table says where it holds something of such a type; else the text 1."""


def filled(table, connection):
    """A row in an old table, whatever columns it had."""
    said = {
        column.name: next((told for kind, told in _SAYS if isinstance(column.type, kind)), "1")
        for column in table.columns
    }
    connection.execute(table.insert().values(said))


def kept(company, old):
    """What the rows say in the columns that are still there."""
    told = {}
    for each, tables_ in zip(company, old, strict=True):
        with each.engine.connect() as connection:
            for name, table in tables_.items():
                there = {column["name"] for column in inspect(connection).get_columns(name)}
                columns = [column for column in table.columns if column.name in there]
                told[name] = [dict(row._mapping) for row in connection.execute(select(*columns))]
    return told


def test_a_row_in_every_table_of_an_older_version_is_there_afterwards_and_can_be_read(company):
    old = []
    for each, part in zip(company, PARTS, strict=True):
        before = set() if not old else set(old[0])
        upgrade(each.engine, part, QUIET_SINCE)
        tables_ = MetaData()
        tables_.reflect(each.engine)
        mine = {
            table.name: table for table in tables_.sorted_tables
            if not table.name.endswith("_version") and table.name not in before
        }  # fmt: skip
        with each.engine.begin() as connection:
            for table in mine.values():
                if not connection.execute(table.select().limit(1)).all():
                    filled(table, connection)
        old.append(mine)
    before_it = kept(company, old)
    migrate(*engines(company))
    assert lacking(company) == []
    for name, rows in kept(company, old).items():
        for was, row in zip(before_it[name], rows, strict=True):
            assert row == {column: was[column] for column in row}, name
    for each, base in zip(company, (Record, Folded), strict=True):
        with each.read() as session:
            for mapper in base.registry.mappers:
                session.scalars(select(mapper.class_)).all()


def test_offers_are_plain_again_for_the_version_before(company):
    items = [{"material": f"mat_{number}", "why": "为什么"} for number in range(100)]
    upgrade(company[0].engine, "records")
    offers = Table("offers", MetaData(), autoload_with=company[0].engine)
    with company[0].write() as session:
        session.add(Offer(
            handle="phone:1", rep="", at=datetime(2026, 3, 2, tzinfo=UTC), items=items,
            candidates="", policy="",
        ))  # fmt: skip
    downgrade(company[0].engine, "records", "0061")
    with company[0].engine.connect() as connection:
        told = connection.scalars(select(offers.c["items"])).all()
    assert told == [items]
    with company[0].read() as session:
        assert session.scalars(select(Offer.items)).all() == [items]


KILLED = """
import os, signal, sys
from sqlalchemy import event
from juzhen.migrations import migrate
from stores.records import Folded, Record, Records

left = int(sys.argv[3])

def count(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

both = [Records(url, durability="process", patient=True) for url in sys.argv[1:3]]
for each in both:
    event.listen(each.engine, "before_cursor_execute", count)
migrate(*[each.engine for each in both])
"""


def test_killed_at_any_statement_it_is_begun_again_and_loses_nothing(company, tmp_path):
    """From a company of an older version, with somebody in it."""
    urls = [each.engine.url.render_as_string(hide_password=False) for each in company]
    for each, part in zip(company, PARTS, strict=True):
        upgrade(each.engine, part, QUIET_SINCE)
    with company[0].engine.begin() as connection:
        connection.execute(text("INSERT INTO watermarks VALUES ('triggers', '7')"))
    ended = []
    for statement in sized((20, 90), range(5, 500, 5)):
        told = [sys.executable, "-c", KILLED, *urls, str(statement)]
        ended.append(subprocess.run(told, cwd=ROOT, check=False).returncode)
        if not ended[-1]:
            break  # it was through before
    assert ended.count(-signal.SIGKILL) >= 2
    migrate(*engines(company))
    assert lacking(company) == []
    with company[0].engine.connect() as connection:
        assert connection.execute(text("SELECT mark FROM watermarks")).scalars().all() == ["7"]


def test_two_that_migrate_at_once_do_it_once(company):
    start, told = Barrier(2), []

    def run():
        start.wait()
        told.extend(migrate(*engines(company)))

    pair = [Thread(target=run) for _ in range(2)]
    for thread in pair:
        thread.start()
    for thread in pair:
        thread.join()
    assert sorted(told) == sorted(
        [
            f"{part}: {what}"
            for part in PARTS
            for what in (f"empty → {head()}", f"up to date at {head()}")
        ]
    )
    assert lacking(company) == []


QUIET_SINCE = "0018"
"""From this script on, none holds up who writes, however many rows there are."""
INSIDE = r"\((?:[^()]|\([^()]*\))*"
"""What may stand between a call's name and one of its words."""
HINDERS = {
    "rows are changed, which holds the table until the last of them": (
        r"op\.execute\(\s*\"+(?i:update|delete)"
    ),
    "a column's type is changed, which writes the table anew": rf"alter_column{INSIDE}\btype_=",
    "every row is looked at for a missing value": rf"alter_column{INSIDE}nullable=False",
    "what the version before still reads is dropped: a release later": r"op\.drop_(?!index)\w+\(",
}


def hinders(script):
    """What a script's way up does that writers, or the version before, would have to wait for."""
    up = script.partition("def upgrade")[2]
    up = "".join(part for part in re.split(r"(?m)^def ", up) if not part.startswith("_down"))
    return [why for why, pattern in HINDERS.items() if re.search(pattern, up, re.DOTALL)]


def test_no_script_holds_up_who_writes():
    scripts = {file.name: file.read_text("utf-8") for file in (HERE / "versions").glob("0*.py")}
    held = {name: hinders(text) for name, text in scripts.items() if name >= QUIET_SINCE}
    assert {name: why for name, why in held.items() if why} == {}
    assert any(hinders(text) for name, text in scripts.items() if name < QUIET_SINCE)


@pytest.mark.parametrize(
    "act",
    [
        'op.execute("UPDATE materials SET title = code")',
        'batch_op.alter_column("title", type_=sa.Text())',
        'batch_op.alter_column("title", existing_type=sa.String(), nullable=False)',
        'batch_op.drop_column("title")',
        'op.drop_table("materials")',
    ],
)
def test_a_script_that_would_is_found(act):
    way = "def {}() -> None:\n    with x as batch_op:\n        {}\n\n\n"
    plain = "def upgrade(part: str) -> None:\n    pass\n\n\n"
    assert len(hinders(plain + way.format("_up_records", act))) == 1
    assert hinders(plain + way.format("_down_records", act)) == []


def test_foreign_keys_are_checked_again_afterwards(tmp_path):
    kept = Records(f"sqlite:///{tmp_path}/records.db", durability="process")
    upgrade(kept.engine, "records")
    with kept.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    kept.close()


def test_the_models_leave_nothing_to_draft(company):
    migrate(*engines(company))
    assert [_told(each, part) for each, part in zip(company, PARTS, strict=True)] == [
        ("pass", "pass"), ("pass", "pass"),
    ]  # fmt: skip


MADE_UP = {
    str: "x", int: 1, float: 1.0, bool: True, dict: {}, object: {}, bytes: b"x",
    date: date(2026, 3, 2), datetime: datetime(2026, 3, 2, tzinfo=UTC),
}  # fmt: skip


def test_f31_what_the_version_before_writes_and_reads_fits_the_tables_of_this_one(company):
    """It knows the tables as they were, every column of them and no other: as of the first script
    that holds up nobody. Hence each release rolls over every one since."""
    seen = {"records_version", "people_version"}
    for each, part in zip(company, PARTS, strict=True):
        upgrade(each.engine, part, QUIET_SINCE)
        known = MetaData()
        known.reflect(each.engine)
        upgrade(each.engine, part)
        with each.engine.connect() as connection:
            unbound(connection)
            for table in known.sorted_tables:
                if table.name not in seen:
                    row = {told.name: MADE_UP[told.type.python_type] for told in table.columns}
                    connection.execute(table.insert().values(row))
                    assert connection.execute(table.select()).one() is not None
                    seen.add(table.name)
    assert len(seen) > 50


def unbound(connection):
    """Rows may be made up without those that they point to."""
    on_postgres = connection.dialect.name == "postgresql"
    set_ = "SET session_replication_role = replica" if on_postgres else "PRAGMA foreign_keys=off"
    connection.exec_driver_sql(set_)
