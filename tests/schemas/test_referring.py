"""Referrals through GraphQL: codes, chains with their orders, the board, payments, and who may."""

import pytest

from kernel.actors import Actor, Role
from kernel.events import Handle
from tests.data_hub.telling import event, user

ADMIN = Actor(id="stf_boss", role=Role.ADMIN)
ANALYST = Actor(id="stf_eye", role=Role.ANALYST)
ISSUE = """mutation($input: IssueReferralCodeInput!) { issueReferralCode(input: $input) {
  referralCode { code made } problems { code } } }"""
PAY = """mutation($input: PayReferralRewardInput!) { payReferralReward(input: $input) {
  referrals { paid owed } problems { code field } } }"""
CHAIN = """query($id: ID!) { customer(id: $id) { referrals { code granted takenBack paid owed
  cameBy { customer { id } step }
  brought { customer { id name } step refused orders { product amount reward } } } } }"""
BOARD = """{ referralBoard(first: 5) { totalCount
  nodes { customer { id } brought bought spent owed } } }"""


@pytest.fixture
def brought(house):
    """Ann brought Bea, who bought; and sent her own code to herself."""
    house.tell(event("viewed_page", user("ann")), event("viewed_page", user("bea")))
    ann, bea = (house.identities.customer_of(user(name)) for name in ("ann", "bea"))
    code = house.ask(ISSUE, ADMIN, input={"customer": ann})["issueReferralCode"]["referralCode"]
    come = {"properties": {"referral": code["code"]}}
    paid = {"amount": 200, "product": "稳盈", "order_id": "A-1"}
    house.tell(
        event("signed_up", user("bea"), detail=come, minutes=1),
        event("signed_up", user("ann"), detail=come, minutes=1),
        event("bought", user("bea"), detail=paid, minutes=2),
    )
    house.referrals.follow()
    return {"ann": ann, "bea": bea, "code": code["code"]}


def chain(house, customer, actor=ADMIN):
    return house.ask(CHAIN, actor, id=customer)["customer"]["referrals"]


@pytest.mark.rule("R61.1", "R61.2")
def test_a_chain_is_told_from_either_end(house, brought):
    told = chain(house, brought["ann"])
    assert told["code"] == brought["code"]
    came, herself = sorted(told["brought"], key=lambda each: each["refused"] or "")
    assert came["customer"]["id"] == brought["bea"]
    assert came["step"] == "rewarded"
    assert came["orders"] == [{"product": "稳盈", "amount": 200.0, "reward": 10.0}]
    assert herself["refused"] == "self"
    assert chain(house, brought["bea"])["cameBy"]["customer"]["id"] == brought["ann"]


@pytest.mark.rule("R61.3")
def test_no_more_is_paid_than_is_owed_and_only_by_who_may(house, brought):
    def pay(amount, actor=ADMIN):
        sent = {"customer": brought["ann"], "amount": amount}
        return house.ask(PAY, actor, input=sent)["payReferralReward"]

    assert pay(10.5)["problems"] == [{"code": "more_than_owed", "field": "amount"}]
    assert pay(-3)["problems"] == [{"code": "amount_is_nothing", "field": "amount"}]
    assert pay(4)["referrals"] == {"paid": 4.0, "owed": 6.0}
    rep = Actor(id="stf_rep", role=Role.REP)
    refused = house.errors(PAY, rep, input={"customer": brought["ann"], "amount": 1})
    assert refused[0]["extensions"]["code"] == "forbidden"


def test_who_may_see_no_customer_sees_the_board_without_names(house, brought):
    (line,) = house.ask(BOARD, ADMIN)["referralBoard"]["nodes"]
    assert line == {
        "customer": {"id": brought["ann"]}, "brought": 1, "bought": 1, "spent": 200.0, "owed": 10.0,
    }  # fmt: skip
    (line,) = house.ask(BOARD, ANALYST)["referralBoard"]["nodes"]
    assert line["customer"] is None
    assert house.errors(BOARD, Actor(id="stf_e", role=Role.EDITOR))


@pytest.mark.rule("R61.1")
def test_a_customers_own_token_gives_her_her_code(house, brought):
    her = Actor(
        id="cus", role=Role.CUSTOMER, account="acc_app", customer=str(user("ann")),
        reach=frozenset(),
    )  # fmt: skip
    told = house.ask(ISSUE, her, input={})["issueReferralCode"]
    assert told["referralCode"]["code"] == brought["code"]
    other = Actor(
        id="cus", role=Role.CUSTOMER, account="acc_app", reach=frozenset(),
        customer=str(Handle("user", "acc_app", "new")),
    )  # fmt: skip
    assert house.ask(ISSUE, other, input={"customer": brought["ann"]})["issueReferralCode"][
        "referralCode"
    ]["code"] not in {brought["code"], None}
