"""The tests keep to their habits: sentences, real parts, a clock that we move."""

import ast
import re
from pathlib import Path

import pytest

MOCKS = re.compile(r"unittest\.mock|MagicMock|pytest_mock|monkeypatch\.setattr")
WAITING = re.compile(r"\btime\.sleep\(|@pytest\.mark\.(skip|xfail)\b")
HERE = Path(__file__).name


@pytest.fixture(scope="module")
def suites(root):
    return [
        (str(file.relative_to(root)), file.read_text("utf-8"))
        for file in sorted((root / "tests").rglob("test_*.py"))
        if file.name != HERE
    ]


def test_the_folders_of_tests_are_no_packages(root):
    assert list((root / "tests").rglob("__init__.py")) == []


def test_no_test_mocks_a_part(suites):
    wrong = [path for path, text in suites if MOCKS.search(text)]
    assert not wrong, "\n".join(wrong)


def test_no_test_sleeps_or_is_switched_off(suites):
    wrong = [path for path, text in suites if WAITING.search(text)]
    assert not wrong, "\n".join(wrong)


def test_the_name_of_a_test_is_a_sentence(suites):
    wrong = [
        f"{path}: {node.name}"
        for path, text in suites
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and node.name.count("_") < 3
    ]
    assert not wrong, "\n".join(wrong)


def test_every_module_of_tests_says_what_it_shows(suites):
    wrong = [path for path, text in suites if not ast.get_docstring(ast.parse(text))]
    assert not wrong, "\n".join(wrong)
