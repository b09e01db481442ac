"""`make demo CLUSTER=1`: the servers at one desk, and a company that lives on them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from servers import cached, postgres

from tests.conftest import missing

pytestmark = [
    pytest.mark.postgres, pytest.mark.elastic, pytest.mark.s3, pytest.mark.timeout(600),
]  # fmt: skip
HOUSE = Path(__file__).parents[2]
DESK = HOUSE / "tests" / "servers" / "desk.py"
STORES = {f"JUZHEN_STORES_{name}" for name in ("JOURNAL", "SEARCH", "HISTORY", "FILES")}


@pytest.fixture
def desk(tmp_path):
    """Runs a command of ours at the desk; afterwards nothing is left of it."""
    if postgres.programs() is None:
        missing(postgres.MISSING)
    try:
        cached.elasticsearch(), cached.versitygw()
    except cached.Missing as why:
        missing(str(why))
    told = {"JUZHEN_HOME": str(tmp_path / "home"), "PYTHONPATH": str(HOUSE)}

    def run(*words):
        command = [sys.executable, "-m", "juzhen", *words] if words else []
        return subprocess.run(
            [sys.executable, DESK, tmp_path / "servers", *command],
            env=os.environ | told, cwd=HOUSE, capture_output=True, text=True, check=False,
        )  # fmt: skip

    yield run
    run()
    assert not (tmp_path / "servers").exists()


def test_a_company_lives_on_the_servers_of_the_desk_and_finds_them_as_it_left_them(desk, tmp_path):
    assert desk("init").returncode == 0
    told = desk("doctor", "--json").stdout  # started again: nothing is made anew
    rows = {row["what"]: row for row in orjson.loads(told[told.index("[") :])}
    assert {rows[name][""] for name in STORES | {"records", "migrations"}} == {"✓"}
    assert "Elasticsearch" in rows["JUZHEN_STORES_SEARCH"]["found"]
    assert "PostgreSQL" in rows["records"]["found"]
    shutil.rmtree(tmp_path / "servers")  # thrown away by hand: nothing of it lies elsewhere
    assert "Sign in as" in desk("init").stdout
