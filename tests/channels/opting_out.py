"""Processes that follow what front ends tell of who opts out, one or several at once.

They fork before anything is opened, so that all of them read the same findings.
"""

import os
from datetime import datetime

from channels.opt_outs import OptOuts
from data_hub.findings import Findings
from stores.records import Records
from tests.channels.house import House


def follow(records_url, people_url, at):
    records, people = (Records(url, durability="process") for url in (records_url, people_url))
    house = House(records, people, lambda: datetime.fromisoformat(at))
    found = Findings(people)
    opt_outs = OptOuts(records, found, house.identities, house.consents, house.preferences)
    while opt_outs.follow(5):
        pass


def race(records_url, people_url, at, count):
    children = []
    for _ in range(int(count)):
        if (child := os.fork()) == 0:
            status = 1
            try:
                follow(records_url, people_url, at)
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    return max(os.waitpid(child, 0)[1] for child in children)
