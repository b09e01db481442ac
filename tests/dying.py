"""Processes that a test has killed, forked from one that has imported the house already: a hundred
of them cost one start.

``python -m tests.dying`` reads one job a line, the JSON of its code, what it is given and its
environment, and says how its process ended: -9 if it was killed.
"""

import atexit
import importlib
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
KNOWN = (
    "bench.lib.known_truth", "matching.nightly", "tests.channels.ends", "tests.channels.mailer",
    "tests.data_hub.conftest",
)  # fmt: skip
"""What jobs import."""


def died(code, *given, **environment):
    """How a process ended that ran this code, with ``given`` behind its name in ``sys.argv``."""
    jobs, answers = _forks()
    jobs.write(json.dumps([code, given, environment]) + "\n")
    jobs.flush()
    return int(answers.readline())


@cache
def _forks():
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.dying"], cwd=ROOT, text=True,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT}/tests"},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    atexit.register(_end, process)
    return process.stdin, process.stdout


def _end(process):
    process.stdin.close()
    process.wait()
    process.stdout.close()


def _run(code, given, environment):
    os.dup2(2, 1)
    os.environ.update(environment)
    sys.argv = ["a job", *given]
    exec(code, {})
    os._exit(0)


def main():
    for each in KNOWN:
        importlib.import_module(each)
    for line in sys.stdin:
        job = json.loads(line)
        if not (child := os.fork()):
            _run(*job)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
