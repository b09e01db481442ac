"""The demo's folder (演示目录): its settings, and the file that tells how to get in.

Light on purpose: a second start reads this and goes on, without loading what builds a company.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from juzhen.settings import FILE as SETTINGS
from juzhen.settings import Settings, begin, load, name_of
from kernel.errors import Conflict

NAME = "禾嘉人寿与财富"
FILE = "access.json"
HOLD_OUT = "0.1"
"""The customer whom the tour is about is not among them: her telephone names her in every demo."""
_PLACES = (
    "stores_records", "stores_journal", "stores_search", "stores_history", "stores_files",
)  # fmt: skip


def settings_of(home: Path, port: int) -> Settings:
    """The demo's settings: its own keys, its sandbox one port higher."""
    begin(
        home,
        company_name=NAME,
        company_referral="1%",
        company_modules="mass_send,auto_add",
        matching_hold_out=HOLD_OUT,
    )
    sandbox = f"http://127.0.0.1:{port + 1}"
    return replace(
        load(home=home), web_port=port, demo=True, demo_sandbox=sandbox, outbound_origins=sandbox
    )


def refuse_stores(environment: Mapping[str, str]) -> None:
    """A demo keeps what it makes up in its own folder. Raises `Conflict` if the environment names
    other stores: they may be a company's that somebody works with."""
    if named := [name for name in map(name_of, _PLACES) if environment.get(name)]:
        raise Conflict("demo_keeps_its_own_stores", names=named)


def built(home: Path) -> bool:
    return (home / FILE).exists()


def forget(home: Path) -> None:
    """Throw the company away. Refuses a folder that holds something else, be it a company that
    somebody works with."""
    if home.exists() and any(home.iterdir()):
        if not (home / SETTINGS).exists() or load({}, home=home).company_name != NAME:
            raise Conflict("not_a_demo_folder", folder=str(home))
        shutil.rmtree(home)


def write(home: Path, told: dict[str, Any]) -> None:
    """For its owner's eyes only, and never half of it."""
    fresh = home / f"{FILE}.new"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(told, file, ensure_ascii=False, indent=2)
    fresh.replace(home / FILE)


def read(home: Path) -> dict[str, Any]:
    """What was told; empty before the company is built."""
    file = home / FILE
    told: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return told
