"""The house as text: its modules, parsed once."""

import ast
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "kernel", "stores", "content_hub", "data_hub", "channels", "matching", "engagement", "schemas",
    "juzhen",
)  # fmt: skip


class Module(NamedTuple):
    path: str
    text: str
    tree: ast.Module

    @property
    def written_by_hand(self):
        return "migrations/versions/0" not in self.path

    def nodes(self, *kinds):
        return [node for node in ast.walk(self.tree) if isinstance(node, kinds)]


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def modules():
    """Every module that ships."""
    found = []
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            text = file.read_text("utf-8")
            found.append(Module(str(file.relative_to(ROOT)), text, ast.parse(text)))
    return found


@pytest.fixture(scope="session")
def by_hand(modules):
    """Those that a person wrote."""
    return [module for module in modules if module.written_by_hand]
