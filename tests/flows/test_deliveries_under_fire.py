"""F2, F4, F20, F33: deliveries under fire: workers killed one by one or all at once, or stopped and
let go on, a third of the calls failing, the database restarted; none lost or doubled."""

import json
import sqlite3
import subprocess
import sys
import threading

import psycopg
import pytest
from servers import postgres

from tests.conftest import missing
from tests.flows.company import ROOT, eventually
from tests.sizes import sized

MANY, KILLS = sized(60, 10_000), sized(2, 20)
DEATHS = sized(2, 200)
FREEZES = sized(1, 100)
SENDS, RESTARTS = sized(60, 5_000), sized(3, 60)
BEGUN = "SELECT count(*) FROM deliveries WHERE attempts > 0"
LEFT = "SELECT count(*) FROM deliveries WHERE state IN ('due', 'sending')"


def job(folder, many, kills, records="", *more, durability="process"):
    told = folder, str(many), str(kills), durability, records, *more
    return [sys.executable, "-m", "bench.deliveries", *told]


def carried(*told, **more):
    done = subprocess.run(
        job(*told, **more), cwd=ROOT, capture_output=True, text=True, check=True
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def check(told, many=MANY):
    assert (told["lost"], told["doubled"]) == (0, 0), told
    assert sum(told["states"].values()) == many
    assert set(told["states"]) <= {"done", "unknown", "parked"}
    assert told["states"]["done"] >= many / 2
    assert len(told["faults"]) == 4


def test_f2_none_is_lost_and_none_doubled(tmp_path):
    told = carried(str(tmp_path), MANY, KILLS)
    check(told)
    assert told["killed"] == KILLS


def test_f33_all_workers_killed_at_once_leave_whole_files_and_nothing_lost(tmp_path):
    """Durable against loss of power, too."""
    told = carried(str(tmp_path), MANY, DEATHS, "", "together", durability="power")
    check(told)
    assert 1 <= told["killed"] <= DEATHS  # all that was due may be done before the last
    for file in tmp_path.glob("*.db"):
        with sqlite3.connect(file) as kept:
            assert kept.execute("pragma integrity_check").fetchall() == [("ok",)]
        kept.close()


def test_f4_a_worker_that_goes_on_after_others_took_over_sends_and_says_nothing_twice(tmp_path):
    told = carried(str(tmp_path), MANY, FREEZES, "", "frozen")
    check(told)
    assert told["killed"] == FREEZES


@pytest.mark.postgres
def test_f2_none_is_lost_and_none_doubled_on_postgresql(tmp_path, postgres_cluster):
    with postgres_cluster.database() as url:
        told = carried(str(tmp_path), MANY, KILLS, url)
    check(told)
    assert told["killed"] == KILLS


@pytest.mark.postgres
def test_f20_every_send_goes_out_once_while_the_database_restarts(tmp_path):
    """Two workers go on as soon as it is there again; what a platform answered meanwhile is noted
    then, so that no more is left to a person than the platform's own silence leaves."""
    if postgres.programs() is None:
        missing(postgres.MISSING)
    with postgres.own() as server:
        url = server.made("sends")
        with subprocess.Popen(
            job(str(tmp_path), SENDS, 0, url), cwd=ROOT, text=True, stdout=subprocess.PIPE
        ) as carrying:
            assert eventually(lambda: counted(server, BEGUN))
            restarts = restarted(server)
            told = json.loads(carrying.communicate(timeout=120)[0].splitlines()[-1])
    assert restarts
    check(told, SENDS)
    silent = sum(n for fault, n in told["faults"].items() if fault != "429")
    assert told["states"].get("unknown", 0) <= silent


def restarted(server):
    """Again and again as long as something is still to be sent; says how often."""
    for times in range(RESTARTS):
        if not counted(server, LEFT):
            return times
        server.restart()
        threading.Event().wait(0.7)
    return RESTARTS


def counted(server, question):
    """Before the tables are there it counts nothing."""
    try:
        with psycopg.connect(server.plain("sends")) as asking:
            return asking.execute(question).fetchone()[0]
    except (psycopg.errors.UndefinedTable, psycopg.OperationalError):
        return 0
