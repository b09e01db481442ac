"""Queueing for a file: one at a time, and who is waited for outside comes before most."""

import threading
from pathlib import Path

from stores.queueing import fair_turn
from tests.flows.company import eventually


def waiting_at(*doors):
    """How many wait for one of these locks, as the kernel tells."""
    numbers = {str(door.stat().st_ino) for door in doors if door.exists()}
    told = Path("/proc/locks").read_text().splitlines()
    return sum("->" in line and line.split()[-3].split(":")[-1] in numbers for line in told)


def test_who_goes_first_comes_before_all_but_one_of_those_who_wait(tmp_path):
    file = tmp_path / "records.db"
    doors = file.with_suffix(".lock"), file.with_suffix(".queue")
    order = []

    def write(name, first=False):
        with fair_turn(str(file), first=first):
            order.append(name)

    threads = [threading.Thread(target=write, args=(f"w{n}",)) for n in range(5)]
    threads.append(threading.Thread(target=write, args=("first", True)))
    with fair_turn(str(file)):
        for number, thread in enumerate(threads):
            thread.start()
            assert eventually(lambda number=number: waiting_at(*doors) == number + 1)
        assert order == []
    for thread in threads:
        thread.join(10)
    assert "first" in order[:2]
    assert len(order) == 6
