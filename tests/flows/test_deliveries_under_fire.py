"""F2: deliveries under fire: workers killed, a third of the calls failing, none lost or doubled."""

import json
import subprocess
import sys

import pytest

from tests.flows.company import ROOT
from tests.sizes import sized

MANY, KILLS = sized(60, 10_000), sized(2, 20)


def carried(folder, records=""):
    job = folder, str(MANY), str(KILLS), "process", records
    told = subprocess.run(
        [sys.executable, "-m", "bench.deliveries", *job],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(told.stdout.splitlines()[-1])


def check(told):
    assert told["killed"] == KILLS
    assert (told["lost"], told["doubled"]) == (0, 0), told
    assert sum(told["states"].values()) == MANY
    assert set(told["states"]) <= {"done", "unknown", "parked"}
    assert told["states"]["done"] >= MANY / 2
    assert len(told["faults"]) == 4


def test_f2_none_is_lost_and_none_doubled(tmp_path):
    check(carried(str(tmp_path)))


@pytest.mark.postgres
def test_f2_none_is_lost_and_none_doubled_on_postgresql(tmp_path, postgres_cluster):
    with postgres_cluster.database() as url:
        check(carried(str(tmp_path), url))
