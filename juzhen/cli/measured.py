"""Measured (测得): the last line of every benchmark, kept in the user's cache, for `make rules`.

`make bench` writes nothing into a checkout. A clause about speed is shown by a line that met its
goal, and by nothing else; when and at which commit it was measured is told with it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def _file() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "juzhen-bench" / "last.json"


def last() -> dict[str, dict[str, Any]]:
    """The last line of every benchmark that ran on this machine, by its name."""
    try:
        found: dict[str, dict[str, Any]] = json.loads(_file().read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found


def keep(line: Mapping[str, Any]) -> None:
    """Remember a line, in the place of the last one of its name."""
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    kept = last() | {line["bench"]: {**line, "at": at, "commit": _commit()}}
    written = file.with_suffix(f".{os.getpid()}")
    written.write_text(json.dumps(kept, ensure_ascii=False), "utf-8")
    written.replace(file)


def told(name: str) -> tuple[bool, str]:
    """Did the last line of that name meet its goal, and what did it say?"""
    line = last().get(name)
    if line is None:
        return False, f"bench {name}: not measured"
    came = f"{line['value']} {line['unit']}, {line['at'][:10]}, {line['commit']}"
    return bool(line["ok"]), f"bench {name}: {'✓' if line['ok'] else 'missed'} ({came})"


def _commit() -> str:
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607 - whichever git is here
        cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return asked.stdout.strip() or "no commit"
