"""The command line holds what the contracts promise, and says what is still open."""

import re

import click
import pytest

from juzhen.cli import below, juzhen

PROMISED = """
init; demo; serve; worker; dev; migrate; check; doctor; export; backup; restore; erase; sandbox;
bench; rules; token create; token list; token revoke; account add; account list; account pause;
account resume; import materials; import tags; import customers; import events; import orders;
rebuild search; rebuild history; rebuild profiles; rebuild shelf
"""
SILENT = {
    "import cancel",
    "serve", "worker", "dev", "demo", "sandbox", "migrate", "rebuild", "docs", "token revoke",
    "account pause", "account resume", "staff leave", "account slot",
    "export customer", "export segment", "export materials", "words set", "product on-sale",
}  # fmt: skip
"""What prints no rows: it works, or writes JSON or CSV as it is."""


def leaves(command=juzhen, path=""):
    """Every command that does something, by the words that call it."""
    for each in below(command):
        called = f"{path} {each.name}".strip()
        if isinstance(each, click.Group):
            yield from leaves(each, called)
        else:
            yield called, each


def known():
    """Whatever can be called: groups, commands, and the words that a command chooses among."""
    for called, command in leaves():
        words = called.split()
        yield from (" ".join(words[:n]) for n in range(1, len(words) + 1))
        for each in command.params:
            if isinstance(each, click.Argument) and isinstance(each.type, click.Choice):
                yield from (f"{called} {choice}" for choice in each.type.choices)


def test_a_promised_command_is_there_or_named_as_open(root):
    page = root / "docs" / "decisions" / "0005-where-we-differ-from-the-plan.md"
    opened = set(re.findall(r"^- `juzhen ([a-z ]+)`$", page.read_text("utf-8"), re.MULTILINE))
    promised = {each.strip() for each in PROMISED.split(";")}

    assert promised - set(known()) == opened, f"what is built goes from {page.name}"


@pytest.mark.parametrize(("called", "command"), list(leaves()), ids=lambda each: str(each)[:40])
def test_every_command_helps_with_an_example(called, command):
    assert "Example: " in command.get_help(click.Context(command))


def test_every_command_that_prints_data_prints_it_for_programs_too():
    without = {
        called
        for called, command in leaves()
        if "--json" not in {option for each in command.params for option in each.opts}
    }

    assert without == SILENT
