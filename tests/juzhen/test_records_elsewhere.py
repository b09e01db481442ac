"""Records on PostgreSQL: what the doctor and the start say when they cannot be worked with."""

import os

import orjson
import psycopg
import pytest
from click.testing import CliRunner
from servers.relay import Relay
from sqlalchemy import make_url

from juzhen.cli import juzhen
from juzhen.migrations import upgrade
from juzhen.settings import BadSetting, load
from juzhen.wiring import assemble
from stores.records import Records

pytestmark = pytest.mark.postgres
SECRET = "a-secret-word"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A command of a company whose records are at an address."""
    monkeypatch.setenv("JUZHEN_HOME", str(tmp_path))

    def run(url, *words):
        told = {"JUZHEN_STORES_RECORDS": url} if url else {}
        done = CliRunner().invoke(juzhen, words, env=told)
        assert SECRET not in done.output + repr(done.exception)
        return done

    assert run("", "init").exit_code == 0
    return run


def doctor(run, url):
    done = run(url, "doctor", "--json")
    return {row["what"]: row for row in orjson.loads(done.stdout)}, done.exit_code


def refused(run, url, *words):
    """What a command says that does not begin."""
    done = run(url, *words)
    assert isinstance(done.exception, BadSetting), done.exception
    return str(done.exception)


def start(url):
    """What `serve` and `worker` begin with."""
    home = os.environ["JUZHEN_HOME"]
    assemble(load({"JUZHEN_HOME": home, "JUZHEN_STORES_RECORDS": url})).require_ready()


def at(url, **changed):
    told = make_url(url).set(**{"password": SECRET} | changed)
    return told.render_as_string(hide_password=False)


def tables(url):
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as connection:
        wanted = "select relname from pg_class where relkind = 'r' and relnamespace = 2200"
        return {name for (name,) in connection.execute(wanted)}


@pytest.mark.parametrize(
    ("changed", "found", "do"),
    [
        ({"port": 9}, "127.0.0.1:9/x does not answer", "Is the address right"),
        ({"username": "nobody"}, "refuses us", "Check the user, the password"),
        ({}, "refuses us", "the database's name"),
    ],
    ids=["nobody listens", "another user", "no such database"],
)
def test_where_nobody_lets_us_in_the_doctor_and_the_start_say_so(
    run, postgres_url, changed, found, do
):
    url = at(postgres_url, database="x", **changed)
    told, code = doctor(run, url)
    assert code == 1
    assert (told["records"][""], told["disk"][""]) == ("✗", "✓")
    assert found in told["records"]["found"]
    assert do in told["records"]["do"]
    for words in (("check",), ("migrate",)):
        said = refused(run, url, *words)
        assert "JUZHEN_STORES_RECORDS" in said
        assert found in said
    with pytest.raises(BadSetting, match=f"JUZHEN_STORES_RECORDS.*{found}"):
        start(url)


@pytest.mark.parametrize(
    "url",
    ["mysql://u:a-secret-word@h/x", "a-secret-word", "postgresql+psycopg://u:a-secret-word@h"],
)
def test_what_is_no_address_is_refused_without_being_shown(run, url):
    assert "JUZHEN_STORES_RECORDS" in refused(run, url, "check")
    assert "JUZHEN_STORES_RECORDS" in refused(run, url, "doctor")


def test_a_fresh_database_is_made_by_migrating_and_by_nothing_else(run, postgres_url):
    told, _ = doctor(run, postgres_url)
    assert (told["records"][""], told["migrations"][""]) == ("✓", "✗")
    assert told["migrations"]["do"] == "juzhen migrate"
    assert "run `juzhen migrate`" in refused(run, postgres_url, "check")
    assert tables(postgres_url) == set()
    assert run(postgres_url, "migrate").exit_code == 0
    told, code = doctor(run, postgres_url)
    assert (told["migrations"][""], code) == ("✓", 0)


def test_half_a_migration_is_told_and_gone_on_with(run, postgres_url):
    """Somebody ended it between the two parts."""
    kept = Records(postgres_url)
    upgrade(kept.engine, "records")
    kept.close()
    told, _ = doctor(run, postgres_url)
    assert told["migrations"]["found"] == "people: run `juzhen migrate`"
    assert "the people are not as this version needs" in refused(run, postgres_url, "check")
    assert "people: empty" in run(postgres_url, "migrate").stdout
    assert doctor(run, postgres_url)[1] == 0


def test_a_database_of_another_program_is_left_alone(run, postgres_url):
    plain = make_url(postgres_url).set(drivername="postgresql")
    with psycopg.connect(plain.render_as_string(hide_password=False)) as connection:
        connection.execute("create table invoices (number int)")
    assert "another program (invoices)" in refused(run, postgres_url, "migrate")
    assert tables(postgres_url) == {"invoices"}


def test_who_may_create_nothing_is_told_so(run, postgres_url, postgres_cluster):
    postgres_cluster.run("drop role if exists looker")
    postgres_cluster.run("create role looker login")
    url = at(postgres_url, username="looker")
    assert "may create tables" in refused(run, url, "migrate")
    assert tables(postgres_url) == set()


def older(answer):
    """The same server, calling itself a version that is too old."""
    return answer.replace(b"server_version\x0015", b"server_version\x0014")


def test_a_version_that_is_too_old_is_refused(run, postgres_url):
    with Relay(make_url(postgres_url).port, older) as relay:
        url = at(postgres_url, port=relay.port)
        told, _ = doctor(run, url)
        assert "PostgreSQL 14" in told["records"]["found"]
        assert "PostgreSQL 15 or later" in told["records"]["do"]
        assert "too old" in refused(run, url, "migrate")
    assert tables(postgres_url) == set()


def test_a_history_that_is_down_hides_nothing_else(run, postgres_url, monkeypatch):
    assert run(postgres_url, "migrate").exit_code == 0
    monkeypatch.setenv("JUZHEN_STORES_HISTORY", "elastic+http://127.0.0.1:9/anhe")
    told, code = doctor(run, postgres_url)
    assert code == 1
    assert (told["records"][""], told["migrations"][""], told["worker"][""]) == ("✓", "✓", "✗")
    assert "does not answer" in told["JUZHEN_STORES_HISTORY"]["found"]
