"""Rules of recommending, through GraphQL: tried, kept, listed, ended."""

from kernel.actors import Actor, Role

LEAD = Actor(id="wang", role=Role.TEAM_LEAD, staff="wang")
RULE = "{ id name act aim number owner stands opens closes }"
ADD = f"""mutation($i: AddRecommendationRuleInput!) {{ addRecommendationRule(input: $i) {{
  rule {RULE} problems {{ field code message }} }} }}"""


def test_a_rule_is_tried_kept_listed_and_ended(house):
    made, rep = house.library(each=2), house.hire("r1")
    customer = house.id_of(house.meet(rep=rep))
    one, other = made["基金经理"]
    rule = {"name": "基金周", "act": "pin", "material": one, "number": 1, "owner": "王"}
    trial = """query($c: ID!, $r: RecommendationRuleInput!) {
      recommendationRuleTrial(customer: $c, rule: $r) {
        before { position material { id } } after { position material { id } } } }"""
    (usual, *_) = house.ask(trial, LEAD, c=customer, r=rule)["recommendationRuleTrial"]["before"]
    about = rule["material"] = other if usual["material"]["id"] == one else one
    tried = house.ask(trial, LEAD, c=customer, r=rule)["recommendationRuleTrial"]
    assert tried["after"][0] == {"position": 1, "material": {"id": about}}
    assert tried["before"][0]["material"]["id"] != about
    kept = house.ask(ADD, LEAD, i={"rule": rule})["addRecommendationRule"]
    assert kept["problems"] == []
    assert kept["rule"]["aim"] == f"material:{about}"
    assert kept["rule"]["stands"]
    (listed,) = house.ask(f"{{ recommendationRules {RULE} }}", LEAD)["recommendationRules"]
    assert listed == kept["rule"]
    end = """mutation($i: EndRecommendationRuleInput!) { endRecommendationRule(input: $i) {
      rule { stands } problems { code } } }"""
    ended = house.ask(end, LEAD, i={"rule": listed["id"]})["endRecommendationRule"]
    assert ended == {"rule": {"stands": False}, "problems": []}
    wrong = house.ask(ADD, LEAD, i={"rule": rule | {"tag": "健康"}})["addRecommendationRule"]
    assert [each["code"] for each in wrong["problems"]] == ["rule_aims_at_one_thing"]
    assert house.errors("{ recommendationRules { id } }", rep)[0]["extensions"]["code"] == (
        "forbidden"
    )


def test_a_team_lead_makes_rules_for_her_own_units_only(house):
    tag, unit = house.tag("健康"), house.staff.add_unit("east", "东区", by="li").id
    lead = Actor(id="zhao", role=Role.TEAM_LEAD, staff="zhao", unit=unit, reach=frozenset({unit}))
    rule = {"name": "停", "act": "exclude", "tag": tag}
    assert house.errors(ADD, lead, i={"rule": rule})[0]["extensions"]["code"] == "forbidden"
    kept = house.ask(ADD, lead, i={"rule": rule | {"unit": "east"}})["addRecommendationRule"]
    assert kept["problems"] == []
