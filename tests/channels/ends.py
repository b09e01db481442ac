"""A house with the ends that only say things, and one round of its worker as a process.

``python -m tests.channels.ends '["sqlite:///…", "sqlite:///…"]' http://127.0.0.1:1234``
"""

import json
import sys

from channels.gateways import Sms
from channels.push import Push
from kernel.calendar import Zone
from kernel.clock import utc_now
from kernel.secret import Secret
from stores.records import Records
from tests.channels.house import House


def house_of(urls, receiver, clock):
    """Leases are short, so that what a dead worker was saying is soon somebody else's."""
    records, people = (Records(url, durability="process") for url in urls)
    house = House(records, people, clock, lease=0.5, origins=[receiver])
    house.channels._factories |= {
        "push": lambda account, _: Push(
            house.outbound, house.gate, clock, account=account.id, url=f"{receiver}/hook",
            secret=Secret("s"),
        ),
        "sms": lambda account, _: Sms(
            house.outbound, house.gate, clock, Zone("Asia/Shanghai"), account=account.id,
            url=f"{receiver}/sms", secret=Secret("s"), sign_name="长河", template="MK_1",
        ),
    }  # fmt: skip
    return house


if __name__ == "__main__":
    house_of(json.loads(sys.argv[1]), sys.argv[2], utc_now).work()
