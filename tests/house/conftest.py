"""The house as text: its modules, parsed once."""

import ast
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "kernel", "stores", "content_hub", "data_hub", "channels", "matching", "engagement", "schemas",
    "juzhen",
)  # fmt: skip


@dataclass(frozen=True)
class Module:
    path: str
    text: str
    tree: ast.Module

    @property
    def written_by_hand(self):
        return "migrations/versions/0" not in self.path

    @cached_property
    def _by_kind(self):
        """A tree of the whole house has more than a million nodes: each is walked over once."""
        found = defaultdict(list)
        for node in ast.walk(self.tree):
            found[type(node)].append(node)
        return found

    def nodes(self, *kinds):
        return [node for kind in kinds for node in self._by_kind[kind]]


def module(file):
    text = file.read_text("utf-8")
    return Module(str(file.relative_to(ROOT)), text, ast.parse(text))


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def modules():
    """Every module that ships."""
    return [module(file) for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]


@pytest.fixture(scope="session")
def by_hand(modules):
    """Those that a person wrote."""
    return [module for module in modules if module.written_by_hand]
