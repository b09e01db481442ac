"""What a customer may ask about herself, on a whole company's stores, by the command line."""

import contextlib
import json
import re
import sqlite3
import zlib
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner
from servers.postgres import tool

from channels.touch_policy import Touch
from data_hub.invariants import identity_flaws, profile_flaws
from data_hub.taking_back import TakingBack
from juzhen.cli import juzhen
from juzhen.settings import begin, load
from juzhen.web.repeats import KeptAnswer
from juzhen.wiring import assemble
from kernel.clock import utc_now
from kernel.errors import NotFound
from kernel.events import Event, Handle, Refusal
from matching.offers import Offer
from tests.blank import migrate

PHONE, NAME, CITY = "13877776666", "林金丝雀", "金丝雀市"
HERS, OTHER = Handle("user", "acc_app", "canary-user"), Handle("user", "acc_app", "neighbour")
CANARIES = [PHONE, "金丝雀", "canary-user"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("JUZHEN_HOME", str(tmp_path))
    runner = CliRunner()
    return lambda *words: runner.invoke(juzhen, words)


@pytest.fixture
def company(run, tmp_path):
    """A customer of whom every store knows something, beside another."""
    begin(tmp_path, stores_durability="process")
    opened = known(tmp_path)
    yield opened
    opened.close()


def known(home):
    settings = load({"JUZHEN_HOME": str(home)})
    migrate(settings)
    opened = assemble(settings)
    now = utc_now()
    traits = {"name": NAME, "city": CITY, "phone": PHONE}
    told = [
        Event(
            id=f"e{n}", kind=kind, at=now - timedelta(minutes=9 - n), account="acc_app",
            handle=handle, links=links, detail=detail,
        )
        for n, (kind, handle, links, detail) in enumerate([
            ("identified", HERS, (Handle("phone", "", PHONE),), {"traits": traits}),
            ("viewed_page", HERS, (), {"page": f"/for/{HERS.value}", "title": f"{CITY} 养老"}),
            ("viewed_page", OTHER, (), {"name": "Home"}),
        ])
    ]  # fmt: skip
    refused = Refusal(
        at=now, door="segment", reason="not_json", sample=f'{{"userId": "{HERS.value}"'
    )
    opened.intake.take(told, [refused])
    while opened.fold.run():
        pass
    while opened.digest.run():
        pass
    opened.customers.entrust(HERS, "", by="t")
    opened.referrals.issue([HERS], by="t")
    opened.moods.hold(HERS, "金丝雀家里有事", days=3, by="t")
    insisted = Touch(
        key="t1", handle=str(HERS), account="link", channel="link",
        override="金丝雀自己要的",
    )  # fmt: skip
    assert opened.touch_policy.count_own(insisted, by="stf_1").forced
    opened.consents.withdraw({HERS}, "marketing", source="phone", by="t")
    with opened.records.write() as session:
        session.add(
            KeptAnswer(
                key="one:k", body="sha", begun=now, status=200, kind="application/json",
                answer=f'{{"name": "{NAME}", "phone": "{PHONE}"}}'.encode(),
                location="/console/customers?text=canary-user",
            )
        )  # fmt: skip
    opened.intake.take([
        Event(id="late", kind="messaged", at=now, account="acc_app", handle=HERS,
              detail={"text": "金丝雀"})
    ])  # fmt: skip
    return opened


def found(home):
    """Every canary in every file of the company, free pages and logs of the stores too."""
    return {
        (file.name, canary)
        for file in home.rglob("*")
        if file.is_file()
        for canary in CANARIES
        if canary.encode() in file.read_bytes()
    }


@pytest.mark.rule("R46.3")
def test_an_export_tells_everything_that_is_held(run, company):
    """S37; that every table with customer data is walked is `tests/stores/test_personal`."""
    waiting = [
        Refusal(
            at=utc_now(), door="segment", reason="odd", again=f'{{"item": {{"userId": "{u}"}}}}'
        )
        for u in (HERS.value, f"{HERS.value}2", PHONE, "neighbour")
    ]
    company.intake.refuse(waiting)
    told = json.loads(run("export", "customer", PHONE).output)
    assert {PHONE, HERS.value} <= {handle.split(":", 2)[2] for handle in told["handles"]}
    assert {event["id"] for event in told["events"]} == {"e0", "e1", "late"}
    tables = {(each["store"], each["table"]) for each in told["rows"]}
    assert {("records", "consents"), ("people", "known_handles"), ("people", "profiles")} <= tables
    assert [each["told"]["item"]["userId"] for each in told["refused"]] == [HERS.value, PHONE]
    assert OTHER.value not in json.dumps(told)
    assert NAME in json.dumps(told, ensure_ascii=False)


@pytest.mark.rule("R46.3")
def test_what_was_found_of_somebody_who_is_known_no_more_is_told_and_erased(run, company):
    """A file that told of her was taken back: nothing says any more who she is."""
    number = "13855554444"
    gone = Event(
        id="row", kind="signed_up", at=utc_now(), account="acc_app",
        handle=Handle("phone", "", number),
    )  # fmt: skip
    company.intake.take([gone])
    while company.fold.run() or company.digest.run():
        pass
    rows = {n: each for n, each in company.history.after(0, 99) if each.id == "row"}
    TakingBack(company.history, company.people, company.digest).take(rows)
    told = json.loads(run("export", "customer", number).output)
    assert "findings" in {each["table"] for each in told["rows"]}
    assert run("erase", number, "--yes").exit_code == 0
    assert company.findings.about([str(gone.handle)], {"first_seen"}) == []
    assert isinstance(run("erase", number, "--yes").exception, NotFound)


@pytest.mark.rule("R46.3")
def test_an_erasure_leaves_nothing_of_her_in_any_file_and_a_proof(run, company, tmp_path):
    """S34: canaries are looked for in the bytes of every file; the proof stays."""
    assert {canary for _, canary in found(tmp_path)} == set(CANARIES)  # so the search can fail

    done = run("erase", PHONE, "--yes", "--reason", "asked", "--json")
    assert done.exit_code == 0, done.output
    (row,) = json.loads(done.output)
    assert row["events"] == 3

    assert found(tmp_path) == set()  # while everything is open, as of a company that runs
    company.close()
    assert found(tmp_path) == set()
    again = assemble(load({"JUZHEN_HOME": str(tmp_path)}))
    with pytest.raises(NotFound):
        again.identities.resolve(company.identities.customer_of(HERS))
    assert [event.id for event in again.history.of([OTHER])] == ["e2"]
    assert [*again.history.flaws(), *again.audit.flaws()] == []
    (proof,) = again.privacy.proofs(HERS)
    assert (proof.act, proof.proof) == ("erased", row["proof"])
    assert run("proof", str(HERS)).output.startswith(f"erased {proof.at:%Y-%m-%d %H:%M} ")
    assert json.loads(run("proof", str(HERS), "--json").output)[0]["proof"] == proof.proof
    again.close()


SERVED = dict.fromkeys(("stores_journal", "stores_history", "stores_search"), "records")
TYPED = ("138 7777 6666", "+86-138-7777-6666", "(0086)13877776666", "138%207777%206666")


@pytest.mark.postgres
@pytest.mark.rule("R46.3")
def test_an_erasure_leaves_nothing_of_her_in_a_dump_of_a_server(run, tmp_path, postgres_url):
    """S34 on PostgreSQL: looked for in every row, in what is deflated, too; each row of her
    neighbour's is byte for byte what it was."""
    begin(tmp_path, stores_durability="process", stores_records=postgres_url, **SERVED)
    company = known(tmp_path)
    company.intake.refuse([
        Refusal(at=utc_now(), door="order", reason="odd", field=str(n), sample=typed, again=typed)
        for n, typed in enumerate(f'{{"phone": "{each}"}}' for each in (*TYPED, "13800000000"))
    ])  # fmt: skip
    with company.records.write() as session:
        for handle in (HERS, OTHER):
            reason = {"kind": "topic", "key": "k", "value": 1.0, "evidence": {"who": handle.value}}
            session.add(Offer(handle=str(handle), rep="stf_1", at=utc_now(), candidates="",
                              policy="", items=[{"reasons": [reason]}]))  # fmt: skip
    while company.fold.run() or company.digest.run() or company.counters.fold():
        pass
    before = dumped(postgres_url, tmp_path)
    assert told_in(before) == {*CANARIES, *TYPED}
    done = run("erase", PHONE, "--yes")
    assert done.exit_code == 0, done.output

    after = dumped(postgres_url, tmp_path)
    assert told_in(after) == set()
    assert found(tmp_path) == set()
    neighbours = {row for row in before if b"neighbour" in row and b"canary" not in row}
    assert len(neighbours) > 5
    assert neighbours - after == set()
    assert any(b"13800000000" in row for row in after)
    company.close()


def told_in(rows):
    return {each for each in (*CANARIES, *TYPED) if any(each.encode() in row for row in rows)}


def dumped(url, folder):
    """Every row of every table as a dump has it, its bytes as they are and inflated."""
    tool("pg_dump", url, "--data-only", "--inserts", "-f", str(folder / "dump"))
    rows = {opened(row) for row in (folder / "dump").read_bytes().splitlines()}
    (folder / "dump").unlink()
    return rows


def opened(row):
    """The row with what its columns of bytes hold."""
    told = [bytes.fromhex(each.decode()) for each in BYTES.findall(row)]
    return b" ".join([BYTES.sub(b"", row), *told, *filter(None, map(inflated, told))])


BYTES = re.compile(rb"\\x([0-9a-f]*)")


def inflated(told):
    for window in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        with contextlib.suppress(zlib.error):
            return zlib.decompress(told, window)
    return b""


def test_who_shares_a_phone_with_her_stays_whole_and_is_not_told_of(run, company, tmp_path):
    """What hangs together by a refused link is looked at together, under the first of its handles:
    the rows of everybody else there went with her, and stood in her export."""
    at, daughter = utc_now(), Handle("user", "acc_app", "zz-daughter")
    hers = (Handle("unionid", "", "zz-unionid"), Handle("phone", "", PHONE))
    told = [
        Event(
            id=f"f{n}", kind="identified", at=at, account="acc_app", handle=daughter, links=links,
            detail={"traits": traits},
        )
        for n, (links, traits) in enumerate([(hers[:1], {}), (hers[1:], {"phone": PHONE})])
    ]  # fmt: skip
    company.intake.take(told)
    export = json.loads(run("export", "customer", str(HERS)).output)
    known = [each["row"]["handle"] for each in export["rows"] if each["table"] == "known_handles"]
    assert sorted(known) == sorted(export["handles"]) == sorted({str(HERS), str(hers[1])})
    before = company.identities.customer_of(daughter)
    assert before != company.identities.customer_of(HERS)
    assert len(company.identities.parked()) == 1

    assert run("erase", str(HERS), "--yes").exit_code == 0

    assert {*company.identities.handles(before)} == {daughter, hers[0]}
    assert company.profiles.of(before).events == 1  # what told of the phone is gone with it
    assert company.identities.parked() == []
    assert [*identity_flaws(company.people), *profile_flaws(company.people)] == []
    assert found(tmp_path) == set()
    later = Event(id="f9", kind="identified", at=at, account="acc_app", handle=daughter,
                  links=(Handle("email", "", "d@example.com"),))  # fmt: skip
    company.intake.take([later])
    company.fold.run()
    company.digest.run()
    assert len(company.identities.handles(before)) == 3


def test_what_was_doubted_of_her_and_another_goes_with_her(run, company, tmp_path):
    """It is noted of the first of the two and names both."""
    at, first = utc_now(), Handle("user", "acc_app", "aaa")
    assert str(first) < str(HERS)
    company.intake.take([
        Event(id="g1", kind="viewed_page", at=at, account="acc_app", handle=first),
        Event(id="g2", kind="identified", at=at, account="acc_app", handle=HERS,
              links=(Handle("anonymous", "acc_app", "aaa"),)),
    ])  # fmt: skip
    company.fold.run()
    company.digest.run()
    (parked,) = company.identities.parked()
    assert {parked.one, parked.other} == {first, HERS}
    assert run("erase", str(HERS), "--yes").exit_code == 0
    assert found(tmp_path) == set()
    assert company.identities.parked() == []
    assert company.identities.handles(company.identities.customer_of(first)) == [first]


def test_who_reads_for_long_keeps_her_bytes_only_until_the_worker_comes_to_it(
    run, company, tmp_path
):
    """No row holds her; the proof says that bytes are left, until the logs have been emptied."""
    readers = [sqlite3.connect(each, isolation_level=None) for each in tmp_path.glob("*.db")]
    for reader in readers:
        reader.execute("begin")
        reader.execute("select * from sqlite_master").fetchall()
    done = run("erase", PHONE, "--yes")
    assert done.exit_code == 0, done.output
    assert "Bytes of hers stand in a log" in done.output
    assert found(tmp_path) != set()
    assert company.emptying.run() == 0
    (proof,) = company.privacy.proofs(HERS)
    assert (proof.act, proof.left) == ("erased", True)
    assert "Bytes of hers" in run("proof", str(HERS)).output
    company.records.emptied()
    with company.records.write():  # nobody waits for who reads
        company.changes.note("noted", "thing", "1", by="t")

    for reader in readers:
        reader.close()
    assert company.emptying.run() == 1
    assert found(tmp_path) == set()
    told = company.privacy.proofs(HERS)
    assert [(each.act, each.proof, each.left) for each in told] == [
        ("erased_bytes", proof.proof, False), ("erased", proof.proof, False),
    ]  # fmt: skip
    assert "Bytes of hers" not in run("proof", str(HERS)).output
    assert company.emptying.run() == 0


def test_a_line_of_the_journal_that_nobody_can_read_stops_no_erasure(run, company, tmp_path):
    """It is counted among what was refused, the doctor tells of it, and nothing of her is left."""
    assert "every line could be read" in run("doctor").output
    company.journal.append([
        f'{{"handle":"{HERS}","detail":"'.encode(), b'["torn"', f'["{HERS.value}"]'.encode(),
    ])  # fmt: skip
    assert HERS.value in {canary for _, canary in found(tmp_path)}
    company.close()
    done = run("erase", PHONE, "--yes", "--json")
    assert done.exit_code == 0, done.output
    assert found(tmp_path) == set()
    assert "3 lines could not be read" in run("doctor").output
    (kept,) = [
        each for each in json.loads(run("refused", "--json").output) if each["door"] == "journal"
    ]
    assert (kept["count"], kept["waiting"]) == (3, 0)


def test_erasing_asks_first_and_nobody_twice(run, company):
    assert run("erase", PHONE).exit_code == 1
    assert run("export", "customer", PHONE).exit_code == 0
    assert run("erase", PHONE, "--yes").exit_code == 0
    assert isinstance(run("erase", PHONE, "--yes").exception, NotFound)


def test_what_was_refused_is_shown_masked_and_tried_again_by_one_command(run, company, tmp_path):
    item = f'{{"type":"track","event":"Search","userId":"{OTHER.value}","messageId":"again-1"}}'
    told = Refusal(at=utc_now(), door="segment", reason="time_in_the_future", account="acc_gone",
                   sample=item, again=f'{{"item":{item}}}')  # fmt: skip
    company.close()
    opened = assemble(load({"JUZHEN_HOME": str(tmp_path)}))
    account = opened.accounts.add(code="a", name="App", kind="app", ecosystem="own_app", by="t").id
    ours = replace(told, account=account, again=told.again.replace("again-1", "again-2"))
    opened.intake.refuse([told, ours])
    opened.fold.run()
    opened.close()
    shown = json.loads(run("refused", "--json").output)
    assert any(row["waiting"] == 2 for row in shown)
    assert OTHER.value not in json.dumps(shown)
    dry = json.loads(run("replay", "--dry-run", "--json").output)
    assert dry == [{"accepted": 1, "still_refused": 1}]
    assert json.loads(run("replay", "--json").output) == dry
    assert json.loads(run("replay", "--json").output) == [{"accepted": 0, "still_refused": 1}]
