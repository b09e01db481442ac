"""Products and compliance through GraphQL: whoever may, does it with one verb."""

from kernel.actors import Role
from tests.schemas.conftest import editor

MAKE = """mutation($input: CreateProductInput!) {
  createProduct(input: $input) { product { code onSale riskLevel } problems { field code } }
}"""
OFF = """mutation { takeProductOffSale(input: {product: "yl"}) {
  offSale { materials product { onSale } } problems { code } } }"""


def test_a_product_is_made_taken_off_sale_and_its_material_with_it(house):
    made = house.ask(MAKE, input={"code": "yl", "name": "年金", "price": "5000", "riskLevel": "R2"})
    assert made["createProduct"] == {
        "product": {"code": "yl", "onSale": True, "riskLevel": "R2"}, "problems": [],
    }  # fmt: skip
    material = house.shown("年金海报", kind="poster")
    house.ask(
        """mutation($m: ID!) { editMaterial(input: {material: $m,
           fields: [{name: "product_code", value: "yl"}]}) { problems { code } } }""",
        m=material,
    )
    shelf = '{ shelf(channel: "app") { totalCount nodes { id } } }'
    assert house.ask(shelf)["shelf"]["totalCount"] == 1

    told = house.ask(OFF)["takeProductOffSale"]["offSale"]

    assert told == {"materials": 1, "product": {"onSale": False}}
    assert house.ask(shelf)["shelf"] == {"totalCount": 0, "nodes": []}


def test_what_is_wrong_with_a_product_is_data(house):
    told = house.ask(MAKE, input={"code": "yl", "name": "年金", "riskLevel": "R9"})
    assert {each["field"] for each in told["createProduct"]["problems"]} == {"price", "risk_level"}


def test_a_rep_makes_no_product_and_no_rule(house):
    for asked in (
        OFF,
        'mutation { setTypePolicy(input: {type: "poster", steps: 1}) { problems { code } } }',
    ):
        (error,) = house.errors(asked, editor(role=Role.REP))
        assert error["extensions"]["code"] == "forbidden"


def test_rules_policies_and_approvals_are_asked_and_set(house):
    material = house.place("计划", "理财", kind="proposal")
    told = house.ask(
        """mutation($m: ID!) {
          setWordRule(input: {word: "翻倍", kind: "forbidden", severity: "block"}) { rule { word } }
          setTypePolicy(input: {type: "proposal", regulated: true, steps: 2}) { policy { steps } }
          noteApproval(input: {material: $m, number: "A1", opens: "2026-01-01T00:00:00+08:00",
            closes: "2027-01-01T00:00:00+08:00"}) { approval { number } }
          acknowledgeWords(input: {material: $m, words: ["赋能"]}) { words }
        }""",
        m=material,
    )
    assert told["noteApproval"]["approval"] == {"number": "A1"}
    asked = house.ask(
        """query($m: ID!) { wordRules(kind: "forbidden") { word } approval(material: $m) { number }
           typePolicies { type regulated steps } products { totalCount } }""",
        m=material,
    )
    assert {"word": "翻倍"} in asked["wordRules"]
    assert {"type": "proposal", "regulated": True, "steps": 2} in asked["typePolicies"]
    assert asked["approval"] == {"number": "A1"}
