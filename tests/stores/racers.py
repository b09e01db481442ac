"""Many processes at once, for races that threads alone would not show.

Run as a program: ``python racers.py GAME URL PROCESSES THREADS TURNS`` forks before anything is
opened, plays, and prints what each turn answered, one JSON list a process.
"""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from kernel.clock import utc_now
from stores.changes import Version
from stores.claims import Leases, Quotas
from stores.records import Records


def count(records, turns, name):
    """Read, add one, write; answers how long each took, and how many went first meanwhile."""
    told = []
    for _ in range(turns):
        with records.read() as session:
            before = session.get(Version, "race").number
        begun = time.perf_counter()
        with records.write("version:race") as session:
            version = session.get(Version, "race")
            passed = version.number - before
            version.number += 1
        told.append((time.perf_counter() - begun, passed))
    return told


def take(records, turns, name):
    """Take from a quota of 100 that two handles share."""
    quotas = Quotas(records)
    return [quotas.take(["phone::1", "openid:a:1"], 100) for _ in range(turns)]


def hold(records, turns, name):
    """Hold a lease for a moment; answers the fences won."""
    leases = Leases(records, utc_now)
    fences = []
    for _ in range(turns):
        with leases.held("one", name, seconds=60) as lease:
            if lease:
                fences.append(lease.fence)
    return fences


GAMES = {"count": count, "take": take, "hold": hold}


def play(game, url, threads, turns):
    records = Records(url, durability="process")
    names = [f"{os.getpid()}:{number}" for number in range(threads)]
    ready = Barrier(threads)

    def run(name):
        with records.read():  # everybody has a connection before the race begins
            ready.wait()
        return GAMES[game](records, turns, name)

    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(run, names))
    records.close()
    return [turn for answer in answers for turn in answer]


def main(game, url, processes, threads, turns):
    children = []
    for _ in range(int(processes)):
        if (child := os.fork()) == 0:
            answer = json.dumps(play(game, url, int(threads), int(turns)))
            os.write(1, f"{answer}\n".encode())  # one write: lines of two children never mix
            os._exit(0)
        children.append(child)
    return max(os.waitpid(child, 0)[1] for child in children)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
