"""A crash point kills the process exactly where and when it was asked to, and is nothing else."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kernel.crash import POINTS, crash_point, declare

ROOT = Path(__file__).resolve().parents[2]
LIVES = """
from kernel.crash import crash_point
for turn in range(3):
    crash_point("test.other")
    crash_point("test.point")
    print(turn, flush=True)
"""


def live(tmp_path, **asked):
    env = {**os.environ, "JUZHEN_CRASH_MARK": str(tmp_path / "mark"), **asked}
    return subprocess.run(
        [sys.executable, "-c", LIVES],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("asked", "turns"), [("test.point", 0), ("test.point@3", 2)])
def test_it_dies_where_it_was_asked_to(tmp_path, asked, turns):
    told = live(tmp_path, JUZHEN_CRASH_AT=asked)
    assert told.returncode == -signal.SIGKILL
    assert len(told.stdout.split()) == turns
    assert (tmp_path / "mark").read_text() == "test.point\n"


def test_it_lives_on_if_nobody_asked(tmp_path):
    assert live(tmp_path).returncode == 0
    assert not (tmp_path / "mark").exists()
    crash_point("test.point")


def test_points_are_written_down():
    assert declare("test.declared", "a test has just said so") == "test.declared"
    assert POINTS.pop("test.declared") == "a test has just said so"
