"""An import is taken back: what it alone told is gone, what stands newer stays."""

import dataclasses
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from juzhen.cli import juzhen
from juzhen.settings import load
from juzhen.wiring import assemble
from kernel.errors import Conflict, NotFound
from kernel.events import Event, Handle
from schemas.tables import Plan, What
from stores.history import Axis

RUNNER = CliRunner()
LIST = "客户编号,手机号,姓名,城市\n"


@pytest.fixture
def company_of(tmp_path, monkeypatch):
    """As many companies as are asked for, each by its name."""
    opened = []

    def one(name):
        monkeypatch.setenv("JUZHEN_HOME", str(tmp_path / name))
        monkeypatch.setenv("JUZHEN_STORES_DURABILITY", "process")
        assert RUNNER.invoke(juzhen, ["init"]).exit_code == 0
        add = ["account", "add", "app", "app", "--name", "App", "--ecosystem", "own_app"]
        assert RUNNER.invoke(juzhen, add).exit_code == 0
        opened.append(assemble(load()))
        return opened[-1]

    yield one
    for each in opened:
        each.close()


@pytest.fixture
def company(company_of):
    return company_of("home")


def told(company, kind, who, number, *links, at="2026-03-02", **detail):
    """What our own front ends told, the same in every company."""
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    account = company.accounts.one("app").id
    event = Event(
        id=f"own-{number}", kind=kind, at=moment, handle=user(company, who), links=links,
        account=account, ecosystem="own_app", received=moment, detail=detail,
    )  # fmt: skip
    company.intake.take([event])
    settle(company)


def user(company, name):
    return Handle("user", company.accounts.one("app").id, name)


def phone(number):
    return Handle("phone", "", f"138{number:08}")


def settle(company):
    while company.fold.run():
        pass
    while company.digest.run():
        pass


def brought(company, tmp_path, rows, what=What.CUSTOMERS, head=LIST, name="list.csv"):
    file = tmp_path / name
    file.write_text(head + "".join(f"{row}\n" for row in rows), "utf-8")
    account, plan = company.accounts.one("app"), Plan(what=what, zone=company.zone)
    run = company.imports.run(file, plan, account, by="li").run
    settle(company)
    return run


def known(company):
    """Who is who, in words that do not speak of one company alone."""
    rows = company.people.rows(
        "SELECT handle, customer, first_seen FROM known_handles ORDER BY handle", []
    )
    names = company.identities.customers_of([handle for handle, *_ in rows])
    account = company.accounts.one("app").id
    groups = {}
    for handle, _, first in rows:
        groups.setdefault(names[handle], []).append((handle.replace(account, "app"), str(first)))
    return sorted(sorted(each) for each in groups.values())


def profiles(company):
    kept = company.profiles.many(company.profiles.ids("", 1_000))
    account = company.accounts.one("app").id
    told = [
        {k: v for k, v in dataclasses.asdict(each).items() if k != "last"} for each in kept.values()
    ]
    return sorted(repr(each).replace(account, "app") for each in told)


def before(company):
    told(company, "identified", "anna", 1, phone(1), traits={"name": "安娜", "city": "苏州"})
    told(company, "viewed_page", "bert", 2)


def test_what_it_told_is_as_if_it_had_never_been(company_of, tmp_path):
    """Traits, customers, links that it alone showed, counts; what was heard before and since
    stays as it is."""
    with_it, without = company_of("with"), company_of("without")
    for each in (with_it, without):
        before(each)
    rows = ["anna,13800000002,安,杭州", "bert,13800000001,波,无锡", "cleo,13800000003,克,常州"]
    rows += [f"u{n},1390000{n:04},新{n},南京" for n in range(700)]
    run = brought(with_it, tmp_path, rows)
    for each in (with_it, without):
        told(each, "identified", "bert", 3, phone(9), at="2027-03-02", traits={"city": "南通"})
    assert with_it.profiles.of(with_it.identities.customer_of(user(with_it, "anna"))).traits[
        "city"
    ][0] == "杭州"  # fmt: skip

    seen = with_it.undoing.look(run)
    assert (seen.events, seen.gone, seen.stay) == (703, 701, 0)
    assert known(with_it) != known(without)
    with_it.undoing.begin(run, by="wang")
    assert with_it.undoing.go_on(run)

    assert known(with_it) == known(without)
    assert profiles(with_it) == profiles(without)
    assert with_it.history.counts([Axis.KIND]) == without.history.counts([Axis.KIND])
    assert with_it.undoing.one(run).taken_back == dataclasses.asdict(seen)
    assert list(with_it.history.flaws()) == []
    acts = [each.act for each in with_it.changes.after("").changes if each.kind == "import"]
    assert acts == ["began", "imported", "began_undoing", "undid"]
    with pytest.raises(Conflict):
        with_it.undoing.begin(run, by="wang")


def test_whom_somebody_has_taken_care_of_since_stays_whole(company, tmp_path):
    run = brought(company, tmp_path, ["dora,13800000004,多拉,苏州", "egon,13800000005,埃贡,苏州"])
    rep = company.staff.add("rep_1", "李", by="li").id
    company.customers.take_over({rep: [user(company, "dora")]}, by="li")
    settle(company)

    seen = company.undoing.look(run)
    assert (seen.events, seen.gone, seen.stay) == (1, 1, 1)
    company.undoing.begin(run, by="li")
    company.undoing.go_on(run)
    dora = company.identities.customer_of(user(company, "dora"))
    assert company.profiles.of(dora).name == "多拉"
    assert company.identities.find("egon") == []


def test_the_same_file_comes_in_again_afterwards(company, tmp_path):
    orders = [f"A-{n},138{n:08},{n + 1},2026-03-01" for n in range(40)]
    head = "订单号,手机号,金额,时间\n"
    run = brought(company, tmp_path, orders, What.ORDERS, head)
    company.undoing.begin(run, by="li")
    company.undoing.go_on(run)
    assert company.history.counts([Axis.KIND], kind="bought") == []

    again = brought(company, tmp_path, orders, What.ORDERS, head)
    assert again != run
    assert sum(n for _, n in company.history.counts([Axis.KIND], kind="bought")) == 40


@pytest.mark.parametrize("point", ["taking_back.noted", "taking_back.gone", "digest.profiled"])
def test_killed_half_way_it_goes_on_and_comes_to_the_same(company_of, tmp_path, point):
    with_it, without = company_of("with"), company_of("without")
    for each in (with_it, without):
        before(each)
    run = brought(with_it, tmp_path, [f"u{n},1390000{n:04},新,南京" for n in range(350)])
    with_it.undoing.begin(run, by="li")
    for _ in range(2):
        died = subprocess.run(
            [sys.executable, "-m", "juzhen", "import", "undo", run], check=False,
            env=os.environ | {"JUZHEN_HOME": str(tmp_path / "with"),
                              "JUZHEN_CRASH_AT": point},
        )  # fmt: skip
        assert died.returncode == -signal.SIGKILL
    while with_it.undoing.finish():
        pass
    assert known(with_it) == known(without)
    assert profiles(with_it) == profiles(without)
    told = with_it.undoing.one(run)
    assert (told.taken_back["events"], told.taken_back["gone"]) == (350, 350)


def test_stopped_half_way_and_gone_on_with_it_comes_to_the_same(company_of, tmp_path):
    with_it, without = company_of("with"), company_of("without")
    for each in (with_it, without):
        before(each)
    run = brought(with_it, tmp_path, [f"u{n},1390000{n:04},新,南京" for n in range(700)])
    with_it.undoing.begin(run, by="li")

    def stop(_):
        assert RUNNER.invoke(juzhen, ["import", "cancel", run]).exit_code == 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUZHEN_HOME", str(tmp_path / "with"))
        assert with_it.undoing.go_on(run, tell=stop)  # it ends with the slice that it was at
        assert with_it.undoing.one(run).taken_back["events"] == 300
        assert with_it.undoing.finish() == 0  # nobody else goes on with it
        assert with_it.identities.find("u699") != []
        done = RUNNER.invoke(juzhen, ["import", "undo", run, "--json"])
    assert '"gone":700' in done.output.replace(" ", "")
    assert (known(with_it), profiles(with_it)) == (known(without), profiles(without))


def test_the_command_looks_first_and_takes_back_then(company, tmp_path):
    run = brought(company, tmp_path, ["dora,13800000004,多拉,苏州"])
    looked = RUNNER.invoke(juzhen, ["import", "undo", run, "--dry-run", "--json"])
    assert '"gone":1' in looked.output.replace(" ", "")
    assert company.identities.find("dora") != []
    done = RUNNER.invoke(juzhen, ["import", "undo", run, "--json"])
    assert '"gone":1' in done.output.replace(" ", "")
    assert company.identities.find("dora") == []
    assert RUNNER.invoke(juzhen, ["import", "undo", "imp_1", "--dry-run"]).exit_code == 2


def test_what_is_not_there_or_comes_in_still_is_not_taken_back(company, tmp_path):
    with pytest.raises(NotFound):
        company.undoing.begin("fil_none", by="li")
    file = tmp_path / "list.csv"
    file.write_text(LIST + "".join(f"u{n},,新,\n" for n in range(600)), "utf-8")
    plan, account = Plan(what=What.CUSTOMERS, zone=company.zone), company.accounts.one("app")

    def interrupted(told):
        with pytest.raises(Conflict):
            company.undoing.begin(told.run, by="li")

    company.imports.run(file, plan, account, by="li", tell=interrupted)
