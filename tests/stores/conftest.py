"""Races between processes, for every store."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def break_off():
    """Do some acts in one write, which then fails."""

    def write(records, *acts, about=()):
        with records.write(*about):
            for act in acts:
                act()
            raise OSError("the disk is full")

    def run(*args, **more):
        with pytest.raises(OSError, match="full"):
            write(*args, **more)

    return run


@pytest.fixture
def race():
    """Play a game of `racers.py` and answer what every turn of every process told."""

    def run(game, url, *, processes, threads=1, turns):
        told = subprocess.run(
            [sys.executable, Path(__file__).with_name("racers.py"), game, url]
            + [str(number) for number in (processes, threads, turns)],
            cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        assert (told.returncode, told.stderr) == (0, "")
        lines = [json.loads(line) for line in told.stdout.splitlines()]
        assert len(lines) == processes
        return [turn for line in lines for turn in line]

    return run
