"""Many processes that plan for the same persons: ``gate_racer URL PROCESSES PERSONS CAMPAIGNS``.

Forks before anything is opened; each prints how many places it got, as one JSON line.
"""

import json
import os
import sys
from datetime import datetime

from channels.touch_policy import SLICE
from stores.records import Records
from tests.channels.touching import SHANGHAI, Gate


def plan(url, number, persons, campaigns):
    records = Records(url, durability="process")
    gate = Gate(records, lambda: datetime(2026, 3, 2, 12, tzinfo=SHANGHAI.info))
    for person in range(persons):
        gate.circle.add(*(f"phone::{person}/{n}" for n in range(3)))
    passed = 0
    for campaign in range(campaigns):
        touches = [
            gate.touch(f"phone::{p}/{number % 3}", key=f"{number}:{campaign}:{p}")
            for p in range(persons)
        ]
        for begin in range(0, len(touches), SLICE):
            told = gate.policy.reserve(touches[begin : begin + SLICE], by="t").decisions
            passed += sum(decision.passes for decision in told.values())
    records.close()
    return passed


def main(url, processes, persons, campaigns):
    children = []
    for number in range(int(processes)):
        if (child := os.fork()) == 0:
            passed = plan(url, number, int(persons), int(campaigns))
            os.write(1, f"{json.dumps({'passed': passed})}\n".encode())
            os._exit(0)
        children.append(child)
    return max(os.waitpid(child, 0)[1] for child in children)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
