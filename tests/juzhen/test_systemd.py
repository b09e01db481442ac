"""The units that the docs hand out call commands that there are, and let them finish."""

import configparser
from pathlib import Path

import click
import pytest

from juzhen.cli import juzhen
from juzhen.settings import Settings, name_of

UNITS = sorted((Path(__file__).parents[2] / "docs" / "systemd").glob("*.service"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_calls_a_real_command_and_lets_it_finish(unit):
    told = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    told.optionxform = str
    told.read_string(unit.read_text("utf-8"))
    service = told["Service"]
    program, *words = service["ExecStart"].split()
    _, command, _ = juzhen.resolve_command(click.Context(juzhen), words)
    assert program.endswith("/juzhen")
    assert command is not None
    command.make_context(words[0], words[1:], resilient_parsing=True)
    variable, _, home = service["Environment"].partition("=")
    assert variable == name_of("home")
    assert service["ReadWritePaths"] == home
    assert service["KillSignal"] == "SIGTERM"
    assert int(service["TimeoutStopSec"]) > Settings().worker_drain


def test_there_is_a_unit_for_each_process_that_runs_for_ever():
    assert [unit.stem for unit in UNITS] == ["juzhen-web", "juzhen-worker"]
