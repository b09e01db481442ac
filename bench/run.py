"""Runs the benchmarks (性能基准): ``python bench/run.py [ONLY=name,…] [SIZE=10]``.

Every module beside this one that has a ``run(size)`` is a benchmark; what it yields is printed,
one JSON line each. Its exit code says whether every goal was met.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent)]

from juzhen.cli.measured import keep  # noqa: E402 - found on the path set above


def main(arguments: list[str]) -> int:
    told = dict(each.split("=", 1) for each in arguments if "=" in each)
    only, size = tuple(told.get("ONLY", "").split(",")), int(told.get("SIZE", "1"))
    if told.get("ENGINES"):
        print("No bench measures other engines yet: these are the embedded ones.", file=sys.stderr)
    missed = 0
    for name in sorted(path.stem for path in HERE.glob("*.py")):
        if name == "run" or not name.startswith(only):
            continue
        bench = importlib.import_module(f"bench.{name}")
        for line in bench.run(size) if hasattr(bench, "run") else ():
            print(json.dumps(line, ensure_ascii=False), flush=True)
            keep(line)
            missed += not line["ok"]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
