"""A file is brought in once: tried dry, stopped, gone on with, refused a second time."""

import json

import pytest
from click.testing import CliRunner

from juzhen.cli import juzhen
from juzhen.settings import load
from juzhen.wiring import assemble
from kernel.errors import Conflict
from kernel.events import Handle
from schemas.tables import Plan, What
from stores.history import Axis


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("JUZHEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("JUZHEN_STORES_DURABILITY", "process")
    runner = CliRunner()
    assert runner.invoke(juzhen, ["init"]).exit_code == 0
    add = ["account", "add", "app", "app", "--name", "App", "--ecosystem", "own_app"]
    assert runner.invoke(juzhen, add).exit_code == 0
    return lambda *words: runner.invoke(juzhen, list(map(str, words)))


@pytest.fixture
def company(run, tmp_path, monkeypatch):
    monkeypatch.setenv("JUZHEN_HOME", str(tmp_path / "home"))
    opened = assemble(load())
    yield opened
    opened.close()


@pytest.fixture
def orders(tmp_path):
    file = tmp_path / "orders.csv"
    lines = [f"A-{n},138{n:08},{n},2026-03-01" for n in range(1_200)]
    file.write_text("\n".join(["订单号,手机号,金额,时间", *lines, "A-x,,1,2026-03-01"]), "utf-8")
    return file


def bought(company):
    while company.fold.run():
        pass
    return sum(count for _, count in company.history.counts([Axis.KIND], kind="bought"))


@pytest.mark.parametrize("body", [b"", b"\n\n", "订单号,手机号\n".encode(), b"\xff\xfe"])
@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_of_a_file_without_a_row_it_is_said_that_it_has_none(run, tmp_path, body, dry):
    file = tmp_path / "none.csv"
    file.write_bytes(body)
    told = run("import", "orders", file, "--account", "app", *dry)
    (flaw,) = told.exception.flaws
    assert (flaw.field, flaw.reason) == ("file", "file_has_no_rows")
    assert json.loads(run("import", "list", "--json").output) == []


def test_amounts_are_read_as_people_spell_them(run, company, tmp_path):
    file = tmp_path / "orders.csv"
    spelled = ["50元", "¥1,000.00", "￥ 3", "nan", "1e400", "much"]
    rows = [f'A-{n},138000000{n:02},"{amount}"' for n, amount in enumerate(spelled)]
    file.write_text("\n".join(["订单号,手机号,金额", *rows]), "utf-8")
    told = json.loads(run("import", "orders", file, "--account", "app", "--json").output)
    assert (told["accepted"], told["why"]) == (3, {"amount: not_a_number": 3})
    bought(company)
    hers = [Handle("phone", "", f"138000000{n:02}") for n in range(3)]
    paid = [each.detail["properties"]["amount"] for each in company.history.of(hers)]
    assert sorted(paid) == [3, 50, 1000]


def test_a_dry_run_says_what_would_be_taken_and_keeps_nothing(run, orders):
    told = json.loads(
        run("import", "orders", orders, "--account", "app", "--dry-run", "--json").output
    )
    assert (told["rows"], told["accepted"], told["refused"]) == (1_201, 1_200, 1)
    assert told["columns"] == {
        "订单号": "order_id", "手机号": "phone", "金额": "amount", "时间": "at",
    }  # fmt: skip
    assert told["events"][0]["id"] == "order:A-0:bought"
    assert told["refused_rows"] == [1_201]
    said = run("import", "orders", orders, "--account", "app", "--dry-run").output
    for line in ("  userId: no_user_or_anonymous_id: 1", "columns:", "  手机号: phone"):
        assert line in said.splitlines(), said
    assert json.loads(run("import", "list", "--json").output) == []


def test_a_file_is_in_once_however_often_it_is_brought(run, orders, company):
    words = ("import", "orders", orders, "--account", "app", "--json")
    assert json.loads(run(*words).output)["accepted"] == 1_200
    assert run(*words).exception.reason == "imported_already"
    assert bought(company) == 1_200
    run(*words, "--again")
    assert bought(company) == 1_200
    [again, first] = json.loads(run("import", "list", "--json").output)
    assert (first["state"], first["rows"], again["state"]) == ("done", 1_201, "done")


def test_an_order_of_several_lines_is_in_whole_wherever_the_import_stopped(company, tmp_path):
    file = tmp_path / "lines.csv"
    rows = [f"A-{n // 3},13800000001,{n % 3 + 1},P{n % 3}" for n in range(1_200)]
    file.write_text("\n".join(["order_id,phone,amount,product", *rows]))
    plan, account = Plan(what=What.ORDERS, zone=company.zone), company.accounts.one("app")

    def stop(told):
        if told.rows == 500:  # in the middle of an order
            raise Stopped

    with pytest.raises(Stopped):
        company.imports.run(file, plan, account, by="li", tell=stop)
    assert company.imports.run(file, plan, account, by="li").accepted == 1_200
    assert bought(company) == 1_200
    company.imports.run(file, plan, account, by="li", again=True)
    assert bought(company) == 1_200


class Stopped(Exception):
    """As if somebody had pressed Ctrl-C."""


def test_stopped_or_cancelled_it_goes_on_where_it_was(run, orders, company):
    plan = Plan(what=What.ORDERS, zone=company.zone)
    account = company.accounts.one("app")
    seen = []

    def stop(told):
        seen.append(told.rows)
        if len(seen) == 1:
            raise Stopped
        company.imports.cancel(told.run, by="wang")

    with pytest.raises(Stopped):
        company.imports.run(orders, plan, account, by="li", tell=stop)
    told = company.imports.run(orders, plan, account, by="li", tell=stop)
    assert (told.cancelled, told.rows) == (True, 1_000)
    told = company.imports.run(orders, plan, account, by="li")
    assert (told.rows, told.accepted, told.refused) == (1_201, 1_200, 1)
    assert bought(company) == 1_200
    with pytest.raises(Conflict):
        company.imports.run(orders, plan, account, by="li")
    with pytest.raises(Conflict):
        company.imports.cancel(told.run, by="wang")
    acts = [each.act for each in company.changes.after("").changes if each.kind == "import"]
    assert acts == ["began", "cancelled", "imported"]
    assert company.identities.customer_of(Handle("phone", "", "13800000001"))
