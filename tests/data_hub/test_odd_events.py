"""What a client sends of its own accord stops nobody's digest, and is folded alike in any way."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from data_hub.profiles import strands
from tests.data_hub.telling import MONDAY, event, user

HER = user("u1")
IN_THE_YEAR_1 = (datetime(1, 1, 1, tzinfo=UTC) - MONDAY).total_seconds() / 60


def told(kind="identified", **detail):
    return event(kind, HER, detail=detail)


ODD = {
    "a phone that is a list": [told(traits={"phone": ["13800138000"], "name": {"zh": "王"}})],
    "a phone that is a number": [told(traits={"phone": 13800138000})],
    "traits that grow beyond 64 bits": [told(traits_added={"n": 2**63 - 1})] * 4,
    "traits that grow beyond all numbers": [told(traits_added={"n": 1.7e308})] * 3,
    "names to forget that are none": [told(traits_unset=[["phone"], {"a": 1}, None])],
    "sums beyond all numbers": [told("bought", amount=1.7e308)] * 3,
    "the year 1": [event("bought", HER, minutes=IN_THE_YEAR_1, detail={"amount": 3})],
    "a policy that never ends": [told("policy_issued", policy="p", matures="9999-12-31")],
    "a policy that ended in the year 1": [told("policy_issued", policy="p", matures="0001-01-01")],
    "a birthday that is none": [told(traits={"birthday": "0001-01-01"})],
}


@pytest.mark.parametrize("name", ODD)
def test_nothing_that_a_client_makes_up_stops_the_digest(any_hub, name):
    hub = any_hub
    for number, each in enumerate(ODD[name]):
        hub.tell(replace(each, id=f"odd{number}"))
    hub.tell(event("bought", HER, minutes=9, detail={"amount": 5.0}))
    hub.tell(event("viewed_page", user("neighbour"), minutes=10))
    her = hub.id_of(HER)
    assert hub.profiles.many([hub.id_of(user("neighbour"))])
    assert hub.profiles.of(her).spans["bought"][1] == event(minutes=9).at.timestamp()
    assert hub.profiles.of(her).same_as(hub.digest.counted_again([her])[her])


def test_days_that_systems_write_for_none_are_none(hub):
    hub.tell(
        told("policy_issued", policy="whole life", matures="9999-12-31", due="0001-01-01"),
        told(traits={"birthday": "0001-01-01", "risk_valid_until": "9999-12-31"}),
    )
    (held,) = hub.profiles.of(hub.id_of(HER)).holdings()
    assert (held.matures, held.due) == (None, None)
    assert held.in_force(date(2026, 3, 2))
    assert hub.profiles.of(hub.id_of(HER)).birthday is None


def test_what_a_client_makes_up_without_end_is_kept_to_an_end(hub):
    more = strands.HELD + 100
    hub.tell(
        *(told("complained", case=f"c{n}") for n in range(more)),
        *(told("opted_in", purpose=f"p{n}") for n in range(more)),
        *(told("holding_noted", policy=f"h{n}") for n in range(more)),
    )
    profile = hub.profiles.of(hub.id_of(HER))
    assert (len(profile.cases), len(profile.consents)) == (strands.CASES, strands.CONSENTS)
    assert len(profile.held) == strands.HELD
    assert f"c{more - 1}" in profile.cases
    hub.tell(told("opted_out", purpose="p0"))
    assert not hub.profiles.of(hub.id_of(HER)).consents["p0"][""][0], "of what is kept she decides"
