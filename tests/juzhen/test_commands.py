"""What commands refuse: by name, with the documented exit code, and changing nothing."""

import json

import pytest
from click.testing import CliRunner

from juzhen.cli import juzhen
from juzhen.settings import BadSetting, load
from juzhen.wiring import assemble
from kernel.errors import Invalid


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("JUZHEN_HOME", str(tmp_path))
    runner = CliRunner()
    return lambda *words: runner.invoke(juzhen, words)


@pytest.mark.parametrize("command", ["serve", "dev"])
def test_running_a_company_that_was_not_begun_stops_at_the_start(run, command):
    stopped = run(command).exception
    assert isinstance(stopped, BadSetting)
    assert "juzhen init" in str(stopped)


def test_an_account_that_could_never_publish_is_refused_naming_what_it_lacks(run):
    assert run("init").exit_code == 0
    add = ("account", "add")
    about = ("--name", "号", "--ecosystem", "wechat")

    lacking = run(*add, "wechat_oa", "oa", *about, "--setting", "app_id=wx1").exception
    assert isinstance(lacking, Invalid)
    assert [flaw.field for flaw in lacking.flaws] == ["secrets.app_secret", "secrets.token"]
    assert run(*add, "pigeon", "oa", *about).exception.reason == "unknown_channel_kind"
    assert run("account", "list", "--json").output.strip() == "[]"
    assert run(*add, "app", "app", *about).exit_code == 0


def test_what_a_program_needs_of_a_new_company_is_printed_as_json(run):
    (begun,) = json.loads(run("init", "--json").output)
    assert begun["login"]["name"] == "admin"
    assert json.loads(run("init", "--json").output) == [begun | {"login": None}]

    about = ("--name", "App", "--ecosystem", "own_app", "--json")
    (made,) = json.loads(run("account", "add", "app", "app", *about).output)
    assert made["code"] == "app"
    assert made["id"].startswith("acc_")
    assert made["write_key"]


def test_a_slot_is_made_on_an_account_and_answers_what_is_placed_in_it(run, tmp_path):
    assert run("init").exit_code == 0
    about = ("--name", "App", "--ecosystem", "own_app")
    assert run("account", "add", "app", "app", *about).exit_code == 0

    made = run("account", "slot", "app", "banner", "--capacity", "3", "--type", "poster")
    assert made.exit_code == 0, made.output
    assert run("account", "slot", "app", "x", "--capacity", "0").exception.field == "capacity"
    assert run("account", "slot", "app", "x", "--type", "pigeon").exception.field == "type"

    company = assemble(load({"JUZHEN_HOME": str(tmp_path)}))
    (slot,) = company.shelf.slots(company.accounts.one("app").id)
    company.close()
    assert (slot.code, slot.capacity, slot.types) == ("banner", 3, ["poster"])


def test_a_list_of_tags_comes_in_is_told_by_line_and_goes_again(run, tmp_path):
    assert run("init").exit_code == 0
    sheet = tmp_path / "tags.csv"
    sheet.write_text("code,zh,parent\nold,养老,\nhome,养老社区,养老\nx,甲,y\ny,乙,x\n", "utf-8")

    dry = run("import", "tags", str(sheet), "--dry-run", "--json")
    assert dry.exit_code == 1
    done = run("import", "tags", str(sheet), "--json")
    (told,) = json.loads(done.stdout)
    assert (told["made"], told["refused"], done.exit_code) == (2, 2, 1)
    assert [each["line"] for each in told["flaws"]] == [4, 5]
    assert run("import", "undo", told["act"]).exit_code == 0
    (again,) = json.loads(run("import", "tags", str(sheet), "--json").stdout)
    assert again["made"] == 2
    assert run("import", "tags").exit_code == 2


def test_a_token_speaks_for_a_person_by_id_or_code_and_for_nobody_else(run, tmp_path):
    assert run("init").exit_code == 0
    made = ("token", "create", "tool", "--role", "admin", "--staff")
    assert run(*made, "nobody").exception.code == "not_found"
    assert run(*made, "admin").exit_code == 0

    company = assemble(load({"JUZHEN_HOME": str(tmp_path)}))
    ((token,), flaws) = company.access.tokens(), list(company.access.flaws())
    speaks, admin = token.staff, company.staff.one("admin").id
    company.close()
    assert (speaks, flaws) == (admin, [])


def test_every_product_is_listed(run, tmp_path):
    assert run("init").exit_code == 0
    company = assemble(load({"JUZHEN_HOME": str(tmp_path)}))
    for number in range(101):
        company.products.add(f"p{number:03}", "年金", price="1", by="t")
    company.close()
    listed = json.loads(run("product", "list", "--json").output)
    assert [each["code"] for each in listed] == [f"p{number:03}" for number in range(101)]
