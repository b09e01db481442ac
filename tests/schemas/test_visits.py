"""A customer's own front end does for her what our page does; nobody else acts for her."""

from datetime import timedelta

from kernel.actors import Actor, Role
from kernel.events import Handle

ACT = """mutation($m: ID!, $a: String!, $p: String, $y: Boolean) { actOnMaterial(input: {
  material: $m, act: $a, phone: $p, agreed: $y}) {
  done { act won cancelled } problems { code field } } }"""


def test_she_leaves_a_contact_likes_and_opts_out(house):
    house.taxonomy.create("养老", "topic", code="pension", by="li")
    made = house.materials.create("script", "规划", tags=["pension"], by="li").id
    now = house.clock()
    house.shelf.place(made, house.app.id, opens=now, closes=now + timedelta(days=1), by="li")
    her = Actor(
        id="user:x:1", role=Role.CUSTOMER, account=house.app.id, customer="user:x:1",
        reach=frozenset(),
    )  # fmt: skip

    def act(name, **more):
        return house.ask(ACT, her, m=made, a=name, **more)["actOnMaterial"]

    assert act("like")["done"] == {"act": "like", "won": None, "cancelled": None}
    assert act("leave_contact", p="13800138000")["problems"] == [
        {"code": "needs_her_consent", "field": "agreed"}
    ]
    assert act("leave_contact", p="13800138000", y=True)["done"]["act"] == "leave_contact"
    assert act("opt_out")["done"]["cancelled"] == 0
    assert [each.kind for each in house.told] == ["liked_material", "left_contact"]
    assert house.told[1].links == (Handle("phone", "", "13800138000"),)
    assert not house.consents.allows([Handle("user", "x", "1")], "marketing")
    (no,) = house.errors(ACT, m=made, a="like")
    assert no["extensions"]["code"] == "forbidden"
