"""A video's remakes through GraphQL, with the views of each by rep."""

import pytest

from kernel.actors import Actor, Role
from kernel.events import Event, Handle

MAKE = """mutation($input: RemakeMaterialInput!) {
  remakeMaterial(input: $input) { material { id title } problems { code field } } }"""
TREE = """query($m: ID!) { remakes(material: $m) {
  material { title } template rep depth views { rep views } } }"""


@pytest.mark.rule("R57.2")
def test_a_rep_makes_hers_and_everybody_sees_how_it_spread(house):
    video = house.materials.create("short_video", "三句话讲清养老", by="li").id
    wang = house.hire("wang", name="王芳")
    told = {"material": video, "title": "王姐讲养老", "url": "https://v.douyin.com/7"}
    made = house.ask(MAKE, wang, input=told)["remakeMaterial"]
    assert made["problems"] == []
    house.tell(
        Event(id="e1", kind="played_video", at=house.clock(), account="acc_app", rep=wang.staff,
              material=made["material"]["id"], handle=Handle("cookie", "", "c1"))
    )  # fmt: skip
    assert house.ask(TREE, m=video)["remakes"] == [
        {"material": {"title": "王姐讲养老"}, "template": video, "rep": wang.staff, "depth": 1,
         "views": [{"rep": wang.staff, "views": 1}]}
    ]  # fmt: skip
    wrong = house.ask(MAKE, input=told | {"url": "nowhere"})["remakeMaterial"]["problems"]
    assert wrong == [{"code": "not_a_link", "field": "url"}]
    (refused,) = house.errors(MAKE, Actor(id="a", role=Role.ANALYST), input=told)
    assert refused["extensions"]["code"] == "forbidden"
