"""F5: many machines have one time, the database's: whatever clock a worker's own machine shows, or
jumps to, nothing that it decides depends on it."""

import types
from collections import deque

import pytest

from juzhen import wiring
from juzhen.settings import Settings
from kernel.clock import utc_now
from kernel.secret import Secret
from stores.clock import DatabaseClock

ROOMS = {
    "channels", "content_hub", "data_hub", "engagement", "juzhen", "kernel", "matching", "schemas",
    "stores",
}  # fmt: skip
OWN = {"platform.journal._clock"}
"""Names its files by the minute; written to while the database is away, so it may not ask it."""
pytestmark = pytest.mark.postgres


@pytest.fixture
def platform(postgres_house, tmp_path):
    made = wiring.assemble(
        Settings(
            home=tmp_path, stores_records=postgres_house, keys_secrets=Secret("00" * 32),
            keys_links=Secret("11" * 32),
        )
    )  # fmt: skip
    yield made
    made.close()


def parts(whole):
    """Every object of ours that it is made of, with the way there."""
    seen, waiting = set(), deque([("platform", whole)])
    while waiting:
        way, part = waiting.popleft()
        if id(part) in seen or isinstance(part, type | types.FunctionType | types.ModuleType):
            continue
        seen.add(id(part))
        if isinstance(part, dict):
            waiting.extend((f"{way}[{key!r}]", each) for key, each in part.items())
        elif isinstance(part, list | tuple | set | frozenset):
            waiting.extend((f"{way}[]", each) for each in part)
        elif type(part).__module__.partition(".")[0] in ROOMS:
            yield way, part
            told = dict(getattr(part, "__dict__", {}))
            for name in getattr(type(part), "__slots__", ()):
                told[name] = getattr(part, name, None)
            waiting.extend((f"{way}.{name}", each) for name, each in told.items())


def test_f5_on_postgresql_no_part_of_the_platform_asks_its_machines_clock(platform):
    clocks = {}
    for way, part in parts(platform):
        for name, told in getattr(part, "__dict__", {}).items():
            if told is utc_now or isinstance(told, DatabaseClock):
                clocks[f"{way}.{name}"] = told
    assert len(clocks) > 40
    assert {way for way, told in clocks.items() if told is utc_now} <= OWN
