"""Mailings through GraphQL: shown by rep within their broadcast, reminded of and taken back."""

import pytest

from channels.deliveries import Delivery, State
from channels.mailings import Mailing
from kernel.actors import Actor, Role
from tests.schemas.conftest import Codes

PUBLISHER = Actor(id="stf_pub", role=Role.PUBLISHER, staff="stf_pub")
SEEN = """query($id: ID!) { broadcast(id: $id) {
  mailings { id rep size step states { code text count } } } }"""
ACT = """mutation($id: ID!) {{ told: {}(input: {{id: $id}}) {{
  mailing {{ step }} problems {{ code message }} }} }}"""
REMIND, CANCEL = ACT.format("remindMailing"), ACT.format("cancelMailing")


class Platform(Codes):
    """One whose reps confirm what goes to their customers; nothing is mailed here."""

    def mail(self, message, to, *, key):
        raise AssertionError("nobody asked for it")

    def find_mailing(self, message, to, *, key, since):
        return None

    def mailed(self, ref):
        return {}


@pytest.fixture
def mailing(house, clock):
    """Two customers of a rep's, one of whom has it."""
    house.codes = Platform()
    wecom = house.accounts.add(code="w", name="w", kind="codes", ecosystem="wechat", by="t")
    rep = house.staff.add("zhang", "张岚", by="t")
    sent = house.broadcasts.create("三月问候", "w", by="t", everybody="人人有份", words="春天好")
    made = Mailing(
        account=wecom.id, broadcast=sent.id, rep=rep.id, size=2, made=clock(), closed=clock(),
        ref="mass:1",
    )  # fmt: skip
    with house.records.write() as session:
        session.add(made)
        for number, state in enumerate((State.DONE, State.AWAITING_PERSON)):
            session.add(
                Delivery(
                    account=wecom.id, occasion=f"{number}", created=clock(), mailing=made.id,
                    state=state.value,
                )
            )  # fmt: skip
    return made


def test_a_broadcast_shows_by_rep_how_far_her_customers_are(house, mailing):
    seen = house.ask(SEEN, PUBLISHER, id=mailing.broadcast)["broadcast"]["mailings"]
    (told,) = seen
    states = {each["code"]: each["count"] for each in told.pop("states")}
    assert told == {"id": mailing.id, "rep": mailing.rep, "size": 2, "step": "awaiting_person"}
    assert states == {"done": 1, "awaiting_person": 1}


def test_its_rep_is_reminded_and_it_is_taken_back_once(house, mailing):
    told = house.ask(REMIND, PUBLISHER, id=mailing.id)["told"]
    assert (told["mailing"]["step"], told["problems"]) == ("awaiting_person", [])
    assert house.codes.reminded == ["mass:1"]
    for _ in range(2):
        assert house.ask(CANCEL, PUBLISHER, id=mailing.id)["told"]["problems"] == []
    acts = [each.act for each in house.changes.after("", 1000).changes]
    assert acts.count("cancelled_mailing") == 1


def test_nobody_is_reminded_of_what_is_over(house, mailing, clock):
    with house.records.write() as session:
        session.get(Mailing, mailing.id).over = clock()
    for act, code in ((REMIND, "nobody_to_remind"), (CANCEL, "mailing_is_over")):
        assert house.ask(act, PUBLISHER, id=mailing.id)["told"]["problems"][0]["code"] == code
