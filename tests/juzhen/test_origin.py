"""The packages that we import are our own, and one that is not is named."""

import os
import subprocess
import sys
from pathlib import Path

from juzhen.origin import PARTS, strangers

ROOT = Path(__file__).resolve().parents[2]


def test_every_part_is_ours():
    assert strangers() == []


def test_what_somebody_else_installed_or_nobody_did_is_named():
    assert strangers(["kernel", "sqlalchemy", "no_such_package"]) == [
        "sqlalchemy",
        "no_such_package",
    ]


def test_a_package_that_shadows_ours_is_named(tmp_path):
    (tmp_path / "channels").mkdir()
    (tmp_path / "channels" / "__init__.py").write_text("")
    told = subprocess.run(
        [sys.executable, "-c", "from juzhen.origin import strangers; print(*strangers())"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.split() == ["channels"]


def test_the_parts_are_the_packages_that_we_ship():
    shipped = {init.parent.name for init in ROOT.glob("*/__init__.py")}
    assert set(PARTS) == shipped
