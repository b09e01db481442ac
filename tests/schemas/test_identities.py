"""Who is who through GraphQL: doubts, links, and decisions by those who may."""

from dataclasses import replace

from data_hub.identities import own_id
from kernel.actors import Actor, Role
from kernel.events import Handle

ADMIN = Actor(id="stf_x", role=Role.ADMIN, staff="stf_x")
DOUBTS = """{ identityDoubts { doubt link {
  one { id kind masked } other { id } refused strength account }
  customers { id } } }"""
IDENTITY = """query($c: ID!) { identity(customer: $c) {
  handles { id kind masked } links { refused strength account one { id } other { id } }
  decisions { id act why by undone undoneBy } } }"""
MERGE = """mutation($c: ID!, $w: ID!) {
  mergeCustomers(input: {customer: $c, with: $w, why: "同一人"}) {
    customer { id } problems { code } } }"""
SPLIT = """mutation($c: ID!, $h: [ID!]!) { splitCustomer(input: {customer: $c, handles: $h}) {
  customer { id } problems { field code } } }"""
APART = """mutation($a: ID!, $b: ID!) { keepApart(input: {one: $a, other: $b}) {
  decision { act } problems { code } } }"""
RETRACT = """mutation($a: ID!, $b: ID!) { retractLink(input: {one: $a, other: $b}) {
  decision { id act } problems { code } } }"""
UNDO = """mutation($d: ID!) { undoDecision(input: {decision: $d}) {
  decision { undone undoneBy } problems { code } } }"""


def family(house):
    """Two logins of one account that left the same phone."""
    phone = Handle("phone", "", "13800138000")
    both = [Handle("user", house.app.id, name) for name in ("mother", "daughter")]
    for handle in both:
        house.tell(replace(house.event("identified", handle), links=(phone,)))
    return [house.id_of(handle) for handle in both]


def test_a_doubt_is_shown_masked_and_settled_either_way(house):
    mother, daughter = family(house)
    [doubt] = house.ask(DOUBTS, ADMIN)["identityDoubts"]
    assert doubt["doubt"] == "family_phone"
    assert {each["id"] for each in doubt["customers"]} == {mother, daughter}
    link = doubt["link"]
    assert (link["strength"], link["account"]) == ("declared", "acc_app")
    told = house.ask(APART, ADMIN, a=link["one"]["id"], b=link["other"]["id"])["keepApart"]
    assert told["decision"]["act"] == "parted"
    house.tell()
    assert house.ask(DOUBTS, ADMIN)["identityDoubts"] == []

    merged = house.ask(MERGE, ADMIN, c=mother, w=daughter)["mergeCustomers"]
    assert merged["problems"] == []
    house.tell()
    assert house.identities.resolve(daughter) == house.identities.resolve(mother)
    identity = house.ask(IDENTITY, ADMIN, c=daughter)["identity"]
    assert "13800138000" not in str(identity)
    assert {each["strength"] for each in identity["links"]} == {"declared"}
    [merge, _] = identity["decisions"]
    assert (merge["act"], merge["why"], merge["by"]) == ("merged", "同一人", "stf_x")
    undone = house.ask(UNDO, ADMIN, d=merge["id"])["undoDecision"]["decision"]
    assert undone["undoneBy"] == "stf_x"
    house.tell()
    assert house.identities.resolve(daughter) != house.identities.resolve(mother)


def test_a_link_is_retracted_and_a_customer_is_split(house):
    mother, _ = family(house)
    identity = house.ask(IDENTITY, ADMIN, c=mother)["identity"]
    link = next(each for each in identity["links"] if not each["refused"])
    ends = {"a": link["one"]["id"], "b": link["other"]["id"]}
    split = house.ask(SPLIT, ADMIN, c=mother, h=[each["id"] for each in identity["handles"]])
    assert split["splitCustomer"]["problems"] == [{"field": "handles", "code": "split_takes_some"}]
    told = house.ask(RETRACT, ADMIN, **ends)["retractLink"]
    assert told["decision"]["act"] == "retracted"
    assert house.ask(RETRACT, ADMIN, **ends)["retractLink"]["problems"][0]["code"]
    house.tell()
    alone = own_id(Handle("user", house.app.id, "mother"))
    assert len(house.ask(IDENTITY, ADMIN, c=alone)["identity"]["handles"]) == 1


def test_who_may_not_decide_is_told_so(house):
    mother, daughter = family(house)
    analyst, both = Actor(id="a", role=Role.ANALYST), {"c": mother, "w": daughter}
    for asked, told in ((DOUBTS, {}), (IDENTITY, {"c": mother}), (MERGE, both)):
        [error] = house.errors(asked, analyst, **told)
        assert error["extensions"]["code"] == "forbidden"
