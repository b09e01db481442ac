"""F3: a worker killed at every crash point of the ends that only say things; nothing said twice."""

import signal
import time

import pytest

from bench.lib.counting import Counting
from channels.allowances import Allowances
from channels.base import Allowed
from channels.deliveries import State
from kernel.clock import utc_now
from kernel.crash import POINTS
from kernel.events import Handle
from stores.records import Folded, Record
from tests.blank import kept_at
from tests.channels.ends import house_of
from tests.dying import died

POINTS_OF = {
    "push": {"push.leaving": 0, "push.taken": 1},
    "sms": {"sms.leaving": 0, "sms.taken": 1},
    "mini_program": {"mini.leaving": 0, "mini.taken": 1},
}
"""By kind and point, how often it had left when the worker died."""
CASES = [(kind, point) for kind, points in POINTS_OF.items() for point in points]


@pytest.fixture(scope="module")
def counting():
    server = Counting(faults=False)
    yield server
    server.stop()


def effects(counting, delivery):
    """A mini program's platform knows no key: her messages are counted."""
    told, hers = counting.told()["effects"], delivery.target.rpartition(":")[2]
    return told.get(f"push:{delivery.id}", 0) + told.get(f"oa:{hers}", 0)


def target_of(house, kind, account, point):
    if kind == "sms":
        return Handle("phone", "", "13800138000")
    if kind == "push":
        return Handle("user", account.id, "u1")
    hers = Handle("openid", account.id, point)
    allowed = Allowed(id="1", handle=hers, template="TMPL", at=house.clock())
    Allowances(house.records, house.clock).hear([allowed])
    return hers


WORKS = """
from kernel.clock import utc_now
from tests.channels.ends import house_of
house_of({files}, {url!r}, utc_now).work()
"""


@pytest.mark.parametrize(("kind", "point"), CASES)
def test_killed_while_saying_it_is_said_once_or_left_to_a_person(tmp_path, counting, kind, point):
    files = [f"sqlite:///{tmp_path}/{name}.db" for name in ("records", "people")]
    for url, base in zip(files, (Record, Folded), strict=True):
        stores = kept_at(url, base)
        stores.close()
    house = house_of(files, counting.url, utc_now)
    account = house.account(kind, kind)
    target = target_of(house, kind, account, point)
    delivery = house.publishing.send(
        target, kind, occasion="x", purpose="service", words="您好", by="li"
    )
    mark = tmp_path / "mark"
    told = {"JUZHEN_CRASH_AT": point, "JUZHEN_CRASH_MARK": str(mark)}
    assert died(WORKS.format(files=files, url=counting.url), **told) == -signal.SIGKILL
    assert mark.read_text() == f"{point}\n"
    assert effects(counting, delivery) == POINTS_OF[kind][point]

    until = time.monotonic() + 60
    while house.deliveries.one(delivery.id).state == State.SENDING and time.monotonic() < until:
        house.publishing.rescue()
    house.work()
    told = house.deliveries.one(delivery.id)
    if kind == "push":
        assert told.state == State.DONE
        assert effects(counting, delivery) == 1
    else:
        assert (told.state, told.reason) == (State.UNKNOWN, "worker_lost")
        assert effects(counting, delivery) == POINTS_OF[kind][point]
    house.close()


def test_every_crash_point_of_these_ends_is_hit():
    declared = {name for name in POINTS if name.startswith(("push.", "sms.", "mini."))}
    assert declared == {point for _, point in CASES}
