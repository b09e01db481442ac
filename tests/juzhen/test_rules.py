"""`make rules` counts a clause only when everything that shows it did."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from juzhen.cli import measured

ROOT = Path(__file__).parents[2]
CITING = '''
"""Made up."""
import pytest

@pytest.fixture
def broken():
    raise RuntimeError("setting up")

@pytest.fixture
def untidy():
    yield
    raise RuntimeError("tidying up")

@pytest.mark.rule("R1.1")
def test_that_passes(): pass

@pytest.mark.rule("R1.2")
def test_that_passes_as_well(): pass

@pytest.mark.rule("R1.2")
def test_that_errs_while_setting_up(broken): pass

@pytest.mark.rule("R1.3")
def test_that_errs_while_tidying_up(untidy): pass

@pytest.mark.rule("R1.4")
def test_that_fails(): assert False
'''


def test_a_citing_test_that_errs_in_any_phase_shows_nothing(tmp_path):
    suite, listing = tmp_path / "test_citing.py", tmp_path / "shown.txt"
    suite.write_text(CITING, encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider",
         "--rules-to", str(listing), str(suite)],
        cwd=ROOT, check=False, capture_output=True,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
    )  # fmt: skip

    assert listing.read_text("utf-8").split() == ["R1.1"]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_a_clause_about_speed_is_not_measured_until_its_bench_has_run(cache):
    assert measured.told("recommend") == (False, "bench recommend: not measured")


@pytest.mark.parametrize(("met", "says"), [(True, "✓"), (False, "missed")])
def test_a_clause_about_speed_is_shown_by_a_line_that_met_its_goal(cache, met, says):
    measured.keep({"bench": "recommend", "value": 3.2, "unit": "ms", "ok": not met})
    measured.keep({"bench": "recommend", "value": 4.2, "unit": "ms", "ok": met})

    shown, how = measured.told("recommend")

    assert shown is met
    assert how.startswith(f"bench recommend: {says} (4.2 ms, 2")
    assert json.loads(measured._file().read_text("utf-8"))["recommend"]["commit"]
