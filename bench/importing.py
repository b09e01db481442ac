"""Bringing in (批量导入): a sheet of 100,000 materials in one run, brought in again with every row
changed, and taken back.

The value is milliseconds of CPU a row; a line more tells what the process needs in the end.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.lib import shelf
from bench.lib.line import measured
from bench.lib.server import anonymous_mib
from content_hub import sheets
from content_hub.bringing import Brought
from juzhen.settings import begin
from juzhen.wiring import Platform

ROWS, TAGS = 100_000, 40
MOST_MS, MOST_MIB = 4.0, 400


def run(size: int) -> Iterator[dict[str, Any]]:
    rows = ROWS * size
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        home = Path(folder) / "company"
        home.mkdir()
        begin(home, stores_durability="power")
        first, again = (_sheet(Path(folder) / f"{word}.csv", word, rows) for word in ("旧", "新"))
        with shelf.Opened(home) as platform:
            for number in range(TAGS):
                platform.taxonomy.create(f"主题{number:02}", "topic", code=f"t{number}", by="bench")
            yield _timed("import_dry_run", rows, lambda: _brought(platform, first, dry_run=True))
            yield _timed("import_rows", rows, lambda: _brought(platform, first))
            edited = ""

            def edit() -> None:
                nonlocal edited
                edited = _brought(platform, again).run

            yield _timed("import_edits", rows, edit)
            yield _timed("import_undo", rows, lambda: platform.bringing.undo(edited, by="bench"))
            yield measured(
                "import_memory", anonymous_mib("self"), "MiB RssAnon", size=size, most=MOST_MIB
            )


def _brought(platform: Platform, sheet: Path, *, dry_run: bool = False) -> Brought:
    done = platform.bringing.bring(
        sheets.rows(sheet), source=sheet.name, by="bench", dry_run=dry_run
    )
    if done.refused:
        raise RuntimeError(f"line {done.flaws[0]} was refused")
    return done


def _timed(name: str, rows: int, act: Callable[[], object]) -> dict[str, Any]:
    begun, used = time.perf_counter(), time.process_time()
    act()
    used = time.process_time() - used
    told = measured(name, used * 1000 / rows, "ms CPU a row", size=rows, most=MOST_MS)
    return told | {
        "value": round(used * 1000 / rows, 3), "seconds": round(time.perf_counter() - begun, 1)
    }  # fmt: skip


def _sheet(path: Path, word: str, rows: int) -> Path:
    body = "每月一次的家庭资产体检，" * 6
    with path.open("w", encoding="utf-8") as file:
        file.write("code,type,title,summary,body,tags\n")
        for number in range(rows):
            tags = f"t{number % TAGS};主题{number * 7 % TAGS:02}"
            texts = f"{word}话术 {number},摘要 {number},{body}{number}"
            file.write(f"c{number},script,{texts},{tags}\n")
    return path
