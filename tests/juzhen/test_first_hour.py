"""From nothing to the first recommendation, with what the docs name and nothing else."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from juzhen import beginning
from juzhen.cli import juzhen
from juzhen.settings import load
from juzhen.wiring import assemble
from kernel.secret import Secret

STAFF = "工号,姓名,机构,角色\nA1,李静,上海分公司/一部,客户经理\nA2,王强,上海分公司/一部,\n"
CRM = """客户编号,手机号,姓名,客户经理
C1,13800000001,周女士,A1
C2,13800000002,吴先生,王强
C3,13800000003,无主,Z9
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("JUZHEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("JUZHEN_STORES_DURABILITY", "process")
    runner = CliRunner()

    def run(*words):
        told = runner.invoke(juzhen, list(map(str, words)))
        assert told.exit_code in {0, 1}, told.output
        return told

    assert run("init").exit_code == 0
    return run


@pytest.fixture
def company(run):
    opened = assemble(load())
    yield opened
    opened.close()


def left(company):
    return [step.code for step in beginning.steps(company) if not step.done]


def settle(company):
    while company.fold.run():
        pass
    while company.digest.run():
        pass


def test_the_steps_go_one_by_one_until_a_rep_was_shown_what_to_send(run, company, tmp_path):
    assert left(company) == [
        "worker", "reps", "logins", "account", "topics", "materials", "shelf", "customers",
        "books", "look",
    ]  # fmt: skip
    company.leases.hold("lane:events", "w", 600)
    (sheet := tmp_path / "staff.csv").write_text(STAFF, "utf-8")
    assert run("import", "staff", sheet).exit_code == 0
    assert left(company)[0] == "logins"
    (login,) = json.loads(run("staff", "login", "A1", "--json").output)
    run("account", "add", "app", "our_app", "--name", "App", "--ecosystem", "own_app")
    assert left(company)[0] == "topics"
    (tags := tmp_path / "tags.csv").write_text("code,zh\npension,养老\n", "utf-8")
    run("import", "tags", tags)
    made = company.materials.create("image_text", "三步规划", tags=["pension"], by="li")
    assert left(company)[0] == "shelf"
    now = company.clock()
    app = company.accounts.one("our_app")
    company.shelf.place(made.id, app.id, opens=now, closes=now + timedelta(days=9), by="li")
    assert left(company) == ["customers", "books", "look"]
    (crm := tmp_path / "crm.csv").write_text(CRM, "utf-8")
    told = json.loads(run("import", "customers", crm, "--account", "our_app", "--json").output)
    assert (told["accepted"], told["why"]) == (2, {"rep: no_such_rep": 1})
    settle(company)
    assert left(company) == ["look"]

    rep = company.access.of_session(
        company.access.sign_in(login["login"], Secret(login["password"]))
    ).actor
    (her,) = company.customers.seen_by(rep).page(rep=rep.staff).items
    assert her.name == "周女士"
    offer = company.recommender.for_contact(her.id, rep)
    assert [each.material for each in offer.told()] == [made.id]
    company.gathered.flush() if hasattr(company.gathered, "flush") else None
    assert beginning.steps(company) == []


def test_the_doctor_names_the_next_step_and_calls_it_no_flaw(run):
    found = run("doctor", "--json")
    assert found.exit_code == 0
    (step,) = [row for row in json.loads(found.output) if row["what"] == "first hour"]
    assert "0 of 10" in step["found"]
    assert "juzhen worker" in step["found"]


def test_an_import_taken_back_takes_back_whom_it_gave(run, company, tmp_path):
    (sheet := tmp_path / "staff.csv").write_text(STAFF, "utf-8")
    run("import", "staff", sheet)
    run("account", "add", "app", "our_app", "--name", "App", "--ecosystem", "own_app")
    (crm := tmp_path / "crm.csv").write_text(CRM, "utf-8")
    told = json.loads(run("import", "customers", crm, "--account", "our_app", "--json").output)
    settle(company)
    li = company.staff.one("A1").id
    assert len(company.customers.of_staff([li])) == 1

    looked = company.undoing.look(told["run"])
    assert (looked.gone, looked.stay) == (2, 0)
    company.undoing.begin(told["run"], by="boss")
    company.undoing.go_on(told["run"])
    settle(company)
    assert company.customers.of_staff([li, company.staff.one("A2").id]) == []
    assert company.records.rows("SELECT id FROM relations", []) == []


def test_customers_of_a_rep_are_handed_on_and_who_leaves_comes_in_no_more(run, company, tmp_path):
    (sheet := tmp_path / "staff.csv").write_text(STAFF, "utf-8")
    run("import", "staff", sheet)
    run("account", "add", "app", "our_app", "--name", "App", "--ecosystem", "own_app")
    (crm := tmp_path / "crm.csv").write_text(CRM, "utf-8")
    run("import", "customers", crm, "--account", "our_app")
    settle(company)
    li, wang = (company.staff.one(code).id for code in ("A1", "A2"))
    (login,) = json.loads(run("staff", "login", "A1", "--json").output)
    key = company.access.sign_in(login["login"], Secret(login["password"]))

    assert company.customers.pass_on("A1", "A2", by="boss") == 1
    assert len(company.customers.of_staff([wang])) == 2
    assert run("staff", "leave", "A1").exit_code == 0
    for come_in in (
        lambda: company.access.of_session(key), lambda: company.access.begin(li),
        lambda: company.access.sign_in(login["login"], Secret(login["password"])),
    ):  # fmt: skip
        with pytest.raises(Exception, match="works here no more"):
            come_in()
    rows = json.loads(run("staff", "list", "--json").output)
    assert [bool(row["left"]) for row in rows if row["code"] == "A1"] == [True]
