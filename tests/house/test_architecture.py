"""The four lives are told with the places in the code that the data passes: these are there."""

import ast
import re
import typing

import pytest

from juzhen.wiring import Platform

FILE, NAME = r"`([a-z_/]+\.py)`", r"`([A-Za-z_]+(?:\.[A-Za-z_]+)?)`"


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs/architecture.md").read_text("utf-8")


def names(file):
    """Functions, and methods as ``Class.method``."""
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            yield node.name
        if isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{node.name}.{each.name}"


def test_every_file_that_the_page_names_is_there(root, page):
    told = {each for each in re.findall(FILE, page) if "/" in each}

    assert len(told) > 30
    assert {each for each in told if not (root / each).is_file()} == set()


def test_every_step_of_the_four_lives_stands_where_the_page_says(root, page):
    steps = re.findall(f"{FILE} {NAME}", page)

    assert len(steps) > 25
    assert [(file, name) for file, name in steps if name not in names(root / file)] == []


def test_whoever_follows_events_stands_among_the_followers_in_the_workers_order(root, page):
    keepers = typing.get_type_hints(Platform)
    events, _ = (root / "juzhen/worker.py").read_text("utf-8").split('"content": [')
    duties = [keepers[each].__name__ for each in re.findall(r"p\.(\w+)\.follow", events)]
    (line,) = [line for line in page.splitlines() if "the followers: " in line]

    assert len(duties) > 5
    assert [each for each in re.findall(r"`(\w+)\.follow`", line) if each in duties] == duties
