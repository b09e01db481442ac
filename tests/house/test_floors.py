"""A package imports only from lower floors."""

import ast
import graphlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def test_import_linter_finds_no_broken_floor(root):
    program = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.fail("import-linter is not here: pip install import-linter")
    told = subprocess.run(
        [program, "--no-cache"], cwd=root, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout


def test_everything_that_is_needed_is_shipped(root):
    """A folder without `__init__.py` and a file of an unlisted kind would stay behind."""
    import tomllib

    listed = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    kinds = {kind.removeprefix("*") for kind in listed["package-data"]["*"]} | {".py"}
    rooms = [init.parent for init in root.glob("*/__init__.py")]
    files = [
        file
        for room in rooms
        for file in room.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    ]
    assert {file.suffix for file in files} - kinds == set()
    homes = {file.parent for file in files if file.suffix == ".py"}
    assert [str(home) for home in homes if not (home / "__init__.py").exists()] == []


def imported(module, known):
    """The files that a module asks for: at the top, inside functions, or for its types."""
    for node in module.nodes(ast.Import, ast.ImportFrom):
        for name in node.names:
            whole = name.name if isinstance(node, ast.Import) else f"{node.module}.{name.name}"
            place = known.get(whole) or known.get(whole.rpartition(".")[0])
            if place and place != module.path:
                yield place


def test_no_files_import_each_other_in_a_circle(modules):
    known = {
        each.path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): each.path
        for each in modules
    }
    asked = {each.path: set(imported(each, known)) for each in modules}
    assert sum(map(len, asked.values())) > len(modules)
    graphlib.TopologicalSorter(asked).prepare()  # says which ones, if there is a circle
