"""The tests keep to their habits: sentences, real parts, a clock that we move."""

import ast
import re
from pathlib import Path

import pytest

from tests.house.conftest import module

MOCKS = re.compile(r"unittest\.mock|MagicMock|pytest_mock|monkeypatch\.setattr")
WAITING = re.compile(r"\btime\.sleep\(|@pytest\.mark\.(skip|xfail)\b")
HERE = Path(__file__).name


@pytest.fixture(scope="module")
def suites(root):
    files = sorted((root / "tests").rglob("test_*.py"))
    return [module(file) for file in files if file.name != HERE]


def test_the_folders_of_tests_are_no_packages(root):
    assert list((root / "tests").rglob("__init__.py")) == []


def test_no_test_mocks_a_part(suites):
    wrong = [each.path for each in suites if MOCKS.search(each.text)]
    assert not wrong, "\n".join(wrong)


def test_no_test_sleeps_or_is_switched_off(suites):
    wrong = [each.path for each in suites if WAITING.search(each.text)]
    assert not wrong, "\n".join(wrong)


def test_the_name_of_a_test_is_a_sentence(suites):
    wrong = [
        f"{each.path}: {node.name}"
        for each in suites
        for node in each.nodes(ast.FunctionDef)
        if node.name.startswith("test_") and node.name.count("_") < 3
    ]
    assert not wrong, "\n".join(wrong)


def test_every_module_of_tests_says_what_it_shows(suites):
    wrong = [each.path for each in suites if not ast.get_docstring(each.tree)]
    assert not wrong, "\n".join(wrong)
