"""The four lives are told with the places in the code that the data passes: these are there."""

import ast
import re

import pytest

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
