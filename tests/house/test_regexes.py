"""S13: no regular expression of ours takes long, whatever it is given."""

import importlib
import inspect
import pkgutil
import re
import time

import pytest

from tests.sizes import sized

ROOMS = (
    "kernel", "stores", "content_hub", "data_hub", "channels", "matching", "engagement", "schemas",
    "juzhen",
)  # fmt: skip
LONG, MOST = sized(10_000, 50_000), sized(0.01, 0.05)
"""What is linear takes a fifth of the time for a fifth; what is not stands out there as well."""
PIECES = (
    "a", " ", "0", "<", "(", "\\", '"', "/", "-", "aA0_", "a.", "<a ", "http://a", "养老", "\n",
    "{", "a@", "%2f", '="',
)  # fmt: skip
HOSTILE = tuple((each * LONG)[:LONG] + end for each in PIECES for end in ("!", "\x00"))
SEEKS = ("search", "sub", "finditer", "findall", "split")
"""They try every place of a text, as `match` and `fullmatch` do not."""


def patterns():
    """Every compiled expression that a module of ours keeps, with what it is used for there."""
    for room in ROOMS:
        package = importlib.import_module(room)
        for found in pkgutil.walk_packages(package.__path__, f"{room}."):
            if ".versions." in found.name or found.name.endswith("__main__"):
                continue
            module = importlib.import_module(found.name)
            source = inspect.getsource(module)
            for name, value in vars(module).items():
                if isinstance(value, re.Pattern):
                    asked = set(re.findall(rf"\b{name}\.(\w+)", source))
                    yield f"{found.name}.{name}", value, asked


@pytest.fixture(scope="module")
def kept():
    """By the expression: those that another module borrows are looked at where they are used."""
    found = {}
    for where, pattern, asked in patterns():
        found.setdefault(pattern.pattern, (where, pattern, set()))[2].update(asked)
    return found.values()


def test_s13_no_expression_takes_long_of_a_hostile_text(kept):
    assert len(kept) >= 40
    slow = []
    for where, pattern, asked in kept:
        ask = pattern.search if asked & {*SEEKS} else pattern.fullmatch
        for text in HOSTILE:
            given = text.encode() if isinstance(pattern.pattern, bytes) else text
            if timed(ask, given) > MOST and min(timed(ask, given) for _ in range(3)) > MOST:
                slow.append((where, pattern.pattern, text[:9]))
                break
    assert not slow


def timed(ask, text):
    begun = time.process_time()
    ask(text)
    return time.process_time() - begun
