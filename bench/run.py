"""Runs the benchmarks (性能基准): ``python bench/run.py [ONLY=a,b] [SIZE=10] [ENGINES=cluster]``.

Every module beside this one that has a ``run(size)`` is a benchmark; what it yields is printed,
one JSON line each. With ``ENGINES=cluster`` those in ``engines/`` are, which compare the engines on
servers with the embedded ones. Its exit code says whether every goal was met.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]

from juzhen.cli.measured import keep  # noqa: E402 - found on the path set above
from juzhen.garbage import seldom  # noqa: E402 - likewise


def main(arguments: list[str]) -> int:
    told = dict(each.split("=", 1) for each in arguments if "=" in each)
    only, size = tuple(told.get("ONLY", "").split(",")), int(told.get("SIZE", "1"))
    if len(told) < len(arguments) or told.keys() - {"ONLY", "SIZE", "ENGINES"}:
        print((__doc__ or "").splitlines()[0], file=sys.stderr)
        return 2
    if told.get("ENGINES", "cluster") != "cluster":
        print("ENGINES is `cluster`, or left away for the embedded ones.", file=sys.stderr)
        return 2
    room = "bench.engines" if told.get("ENGINES") else "bench"
    seldom()  # as every process of the house: ours and the baselines alike
    missed = 0
    for name in sorted(path.stem for path in HERE.parent.glob(f"{room.replace('.', '/')}/*.py")):
        if name == "run" or not name.startswith(only):
            continue
        bench = importlib.import_module(f"{room}.{name}")
        for line in bench.run(size) if hasattr(bench, "run") else ():
            print(json.dumps(line, ensure_ascii=False), flush=True)
            keep(line)
            missed += not line["ok"]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
