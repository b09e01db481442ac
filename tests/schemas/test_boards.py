"""Boards through GraphQL: reports, figures, the lifecycle and the catalogue; what people note."""

import pytest

from data_hub.measures import KPIS
from data_hub.reports.base import WORLDS
from kernel.actors import Actor, Role

ANALYST = Actor(id="stf_a", role=Role.ANALYST, staff="stf_a")
ADMIN = Actor(id="stf_x", role=Role.ADMIN, staff="stf_x")
REPORT = """query($code: ID!) { report(code: $code) {
  code asOf whole alerts totals columns { name kind label } rows { cells } } }"""


def test_a_report_is_told_by_columns_and_rows(house):
    her = house.meet()
    house.tell(house.event("left_contact", her, campaign="c1", clickid="k"))
    told = house.ask(REPORT, ANALYST, code="sources")["report"]
    assert [each["name"] for each in told["columns"]] == [
        "source_type", "account", "campaign", "creative", "leads", "leads_share",
    ]  # fmt: skip
    assert [row["cells"] for row in told["rows"]] == [["purchased", "acc_app", "c1", "", 1, 1.0]]
    assert told["totals"] == ["", "", "", "", 1, 1.0]
    assert told["asOf"] == house.clock().isoformat()


SPLIT = """query($world: ID) {
  report(code: "tiers", ecosystem: $world) { totals }
  lifecycle(ecosystem: $world) { customers steps { here } }
  buyers(ecosystem: $world) { fit { buyers } } }"""


@pytest.mark.rule("R7.2", "R7.3")
def test_figures_are_asked_for_by_ecosystem_and_the_parts_make_up_the_whole(house):
    for who in ("one", "two"):
        house.tell(house.event("bought", house.meet(who), amount=5))

    def told(world):
        answer = house.ask(SPLIT, ANALYST, world=world)
        return (
            answer["report"]["totals"][-1], answer["lifecycle"]["customers"],
            sum(step["here"] for step in answer["lifecycle"]["steps"]),
            answer["buyers"]["fit"]["buyers"],
        )  # fmt: skip

    parts = [told(world) for world in WORLDS]
    assert told(None) == (2, 2, 2, 2) == tuple(map(sum, zip(*parts, strict=True)))
    (refused, *_) = house.errors(SPLIT, ANALYST, world="mars")
    assert refused["extensions"]["code"] == "invalid"


@pytest.mark.rule("R14.1", "R15.1")
def test_a_board_has_five_figures_each_with_its_events(house):
    house.tell(house.event("bought", house.meet(), amount=5))
    told = house.ask(
        """{ figures { code label kinds total before asOf series { day count } }
             lifecycle { customers steps { node here reached rate } asOf }
             eventKinds { name label owner version required figures } }""",
        ADMIN,
    )
    assert 0 < len(told["figures"]) <= 5
    orders = {each["code"]: each for each in told["figures"]}["orders"]
    assert orders["total"] == sum(each["count"] for each in orders["series"]) == 1
    assert all(each["kinds"] for each in told["figures"])
    assert told["lifecycle"]["steps"][0]["reached"] == told["lifecycle"]["customers"]
    kinds = {each["name"]: each for each in told["eventKinds"]}
    assert kinds["bought"]["figures"] == ["orders"]


def test_how_a_trial_did_is_told_by_its_pair(house):
    for code, name in (("TASTE", "体验课"), ("COURSE", "正课")):
        house.products.add(code, name, price="见页面", by="li")
    house.products.relate("TASTE", "COURSE", "trial", by="li")
    her = house.meet()
    house.tell(house.event("bought", her, amount=18, product="体验课"))
    asked = "{ trialConversions { trial full took wentOn rate days } }"
    (told,) = house.ask(asked, ANALYST)["trialConversions"]
    assert told == {
        "trial": "TASTE", "full": "COURSE", "took": 1, "wentOn": 0, "rate": 0.0, "days": None,
    }  # fmt: skip


@pytest.mark.rule("R15.2")
def test_a_sixth_figure_is_a_problem_without_a_reason(house):
    verb = """mutation($codes: [ID!]!, $reason: String) { chooseBoard(input: {role: "analyst",
      codes: $codes, reason: $reason}) { board { role codes reason } problems { code } } }"""
    six = [code for code, kpi in KPIS.items() if kpi.tracked][:6]
    told = house.ask(verb, ADMIN, codes=six)["chooseBoard"]
    assert (told["board"], told["problems"]) == (None, [{"code": "board_is_full"}])
    told = house.ask(verb, ADMIN, codes=six, reason="年终盘点")["chooseBoard"]
    assert told["board"] == {"role": "analyst", "codes": six, "reason": "年终盘点"}
    assert len(house.ask("{ figures { code } }", ANALYST)["figures"]) == 6


@pytest.mark.rule("R89.1")
def test_what_was_paid_is_noted_and_what_cannot_be_is_a_problem(house):
    verb = """mutation($amount: Float!, $rebate: Float) { noteSpend(input: {channel: "app",
      campaign: "c1", day: "2026-03-02", amount: $amount, rebate: $rebate}) {
      spend { id day amount rebate } problems { field code } } }"""
    told = house.ask(verb, ANALYST, amount=10, rebate=4)["noteSpend"]
    assert (told["spend"]["amount"], told["spend"]["rebate"], told["problems"]) == (10, 4, [])
    told = house.ask(verb, ANALYST, amount=10, rebate=40)["noteSpend"]
    assert told == {"spend": None, "problems": [{"field": "amount", "code": "spend_is_odd"}]}


@pytest.mark.rule("R39.4")
def test_a_rep_sees_the_boards_and_leaves_them_by_herself(house):
    anna = house.staff.add("annie", "安妮", by="li").id
    rep = Actor(id=anna, role=Role.REP, staff=anna)
    house.tell(house.event("praised", house.meet(), rep=anna))
    assert house.ask(REPORT, rep, code="board_praise_month")["report"]["rows"]
    verb = """mutation($listed: Boolean!) { standOnBoards(input: {listed: $listed}) {
      place { staff listed } } }"""
    told = house.ask(verb, rep, listed=False)["standOnBoards"]["place"]
    assert told == {"staff": anna, "listed": False}
    assert house.ask(REPORT, rep, code="board_praise_month")["report"]["rows"] == []
    house.ask(verb, rep, listed=True)
    assert house.ask(REPORT, rep, code="board_praise_month")["report"]["rows"]
    assert b"FORBIDDEN" in house.answer(REPORT, rep, code="quality").body.upper()


@pytest.mark.rule("R115.1")
def test_an_account_says_whether_it_is_ours_and_what_a_touch_costs(house):
    verb = """mutation($cost: Float!) { priceAccount(input: {channel: "app", owned: false,
      reachCost: $cost}) { account { owned reachCost } problems { code } } }"""
    assert house.app.owned
    told = house.ask(verb, ADMIN, cost=0.5)["priceAccount"]
    assert told["account"] == {"owned": False, "reachCost": 0.5}
    assert house.ask(verb, ADMIN, cost=-1)["priceAccount"]["problems"]


@pytest.mark.rule("R135.1")
def test_buyers_and_funnels_are_asked_for(house):
    her, other = house.meet(), house.meet(phone="13900139000")
    house.tell(
        house.event("viewed_page", her), house.event("bought", her, amount=50),
        house.event("viewed_page", other),
    )  # fmt: skip
    told = house.ask(
        """{ buyers { asOf fit { buyers repurchase perFan perRep fits }
                      cohorts { month buyers value worth perDeal } }
             eventFunnel(steps: ["viewed_page", "bought"], days: 7) {
               whole asOf steps { kind reached rate } } }""",
        ANALYST,
    )
    assert told["buyers"]["fit"]["buyers"] == 1
    assert told["buyers"]["cohorts"][0]["worth"] == 50
    assert [each["reached"] for each in told["eventFunnel"]["steps"]] == [2, 1]
    wrong = '{ eventFunnel(steps: ["bought", "bought"]) { whole } }'
    assert b"funnel_steps_differ" in house.answer(wrong, ANALYST).body
