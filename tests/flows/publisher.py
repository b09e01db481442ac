"""A worker that only publishes, as a process of its own that a test may kill.

``python -m tests.flows.publisher`` reads one JSON job a line and forks a fresh process for each, so
that a hundred workers cost one start. It answers a job with the number of its process, and
``{"ended": number}`` with how that ended.
"""

import json
import os
import sys
import threading
import time
import traceback
from pathlib import Path

from channels.base import Callback
from channels.deliveries import Delivery, State
from data_hub.intake import Intake
from juzhen.worker import Duty, Worker, sender
from kernel.clock import utc_now
from stores.journal import SharedCommit
from stores.records import Records
from stores.sqlite.journal import SqliteJournal
from tests.channels.house import House

LEASE = 0.2
UNSETTLED = (State.DUE, State.SENDING, State.UNKNOWN)


class Unsettled(Exception):
    """The time was not enough."""


def house_of(job):
    records = Records(job["records"], durability="process")
    people = Records(job["people"], durability="process")
    lease = job.get("lease", LEASE)
    return House(records, people, utc_now, lease=lease, origins=[job["origin"]])


def settled(house):
    """Nothing is under way, and nothing is up that should not be."""
    moving = Delivery.state.in_(UNSETTLED) & Delivery.next_at.is_not(None)
    if house.deliveries.page(moving | (Delivery.state == State.SENDING), first=1).items:
        return False
    standing = {each.id for each in house.shelf.due()}
    return all(delivery.placement in standing for delivery in house.deliveries.up())


def settles(house, seconds, polling=False):
    """Rounds of duties until everything is settled; false if the time was not enough."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        house.work()
        if not owed(house) if polling else settled(house):
            return True
        time.sleep(0.03)
    return False


def work(job):
    if not settles(house_of(job), job.get("seconds", 10), job.get("polling", False)):
        raise Unsettled


def owed(house):
    return house.deliveries.page(Delivery.progress == "submitted", first=1).items


def tell(job):
    """A platform calls back."""
    house = house_of(job)
    commit = SharedCommit(SqliteJournal(Path(job["journal"]), durability="process"))
    callbacks = house.door(Intake(commit, utc_now))
    callbacks.take(job["account"], Callback(query=job["query"], body=job["body"].encode()))


def serve(job):
    """The product's own worker with its lanes of publishing, until it is told to stop."""
    house = house_of(job)
    p = house.publishing
    stop = threading.Timer(60, os._exit, (4,))  # whatever becomes of the test
    stop.daemon = True
    stop.start()
    duties = {"channels": [Duty("plan", p.plan, 0.05)], "sender-1": sender(p, 1)}
    Worker(duties, house.leases, drain=25).run()


def done(job):
    """The exit code of a job."""
    try:
        {"work": work, "tell": tell, "serve": serve}[job["do"]](job)
    except Unsettled:
        return 3
    except Exception:  # noqa: BLE001  # the child's outermost frame
        traceback.print_exc()
        return 1
    return 0


def main():
    for line in sys.stdin:
        job = json.loads(line)
        if "ended" in job:
            _, status = os.waitpid(job["ended"], 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        child = os.fork()
        if child == 0:
            os.environ["JUZHEN_CRASH_AT"] = job.get("crash", "")
            os.environ["JUZHEN_CRASH_MARK"] = job.get("mark", "")
            os.dup2(2, 1)
            os._exit(done(job))
        print(child, flush=True)


if __name__ == "__main__":
    main()
