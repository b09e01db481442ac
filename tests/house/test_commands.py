"""The command line holds what the contracts promise, and says what is still open."""

import re
import shlex

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
    "account edit", "account pause", "account resume", "staff leave", "account slot",
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


def written(root):
    """Every command that a page tells people to type: the page, and its words."""
    pages = (root / "docs").rglob("*.md")
    for page in (*root.glob("README*.md"), root / "CONTRIBUTING.md", *pages):
        text = re.sub(r"\\\n\s*", "", page.read_text("utf-8"))
        typed = re.findall(r"`juzhen ([^`…|]+)`", text)
        typed += re.findall(r"^[ $]*(?:[A-Z_]+=\S+ )?juzhen ([a-z][^\n#|&>]*)", text, re.MULTILINE)
        told = (each for each in typed if "   " not in each.strip())  # a table is none
        yield from ((page.name, shlex.split(each)) for each in told)


def misspelt(words):
    """What is wrong with a command; nothing of what it is told is asked for."""
    command = juzhen
    while isinstance(command, click.Group):
        if not words or words[0].startswith("-"):
            return ""  # the family itself
        command = {each.name: each for each in below(command)}.get(words[0])
        words = words[1:]
        if command is None:
            return "no such command"
    try:
        _, left, _ = command.make_parser(click.Context(command)).parse_args(words)
    except click.UsageError as no:
        return no.format_message()
    return f"too much: {left}" if left else ""


def test_every_command_that_a_page_tells_to_type_can_be_typed(root):
    wrong = {(page, " ".join(words)): misspelt(words) for page, words in written(root)}
    assert len(wrong) > 50
    assert {said: why for said, why in wrong.items() if why} == {}


def test_every_command_that_prints_data_prints_it_for_programs_too():
    without = {
        called
        for called, command in leaves()
        if "--json" not in {option for each in command.params for option in each.opts}
    }

    assert without == SILENT
