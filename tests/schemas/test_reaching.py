"""Carriers and losses through GraphQL: decided, worked out, and who may."""

from sqlalchemy import update

from channels.blocks import BlockReview
from channels.carriers import OperatingModel
from content_hub import bounds
from kernel.actors import Actor, Role

ADMIN = Actor(id="stf_boss", role=Role.ADMIN)
MODEL = """{ operatingModel { carriers reach customers each { carrier customers chosen }
  options { ways customers } } }"""
DECIDE = """mutation($input: DecideOperatingModelInput!) { decideOperatingModel(input: $input) {
  operatingModel { carriers } problems { code field } } }"""
PAUSED = "{ pausedContent { material { id } blocks reached rate } blocks { nodes { id } } }"
RELEASE = """mutation($input: ReleaseMaterialInput!) { releaseMaterial(input: $input) {
  released { material { id } reviewed } problems { code } } }"""


def test_the_model_is_decided_by_an_admin_and_told_with_its_reach(house):
    told = house.ask(DECIDE, ADMIN, input={"carriers": ["wecom", "mini_program"]})
    assert told["decideOperatingModel"]["operatingModel"]["carriers"] == ["wecom", "mini_program"]
    model = house.ask(MODEL, ADMIN)["operatingModel"]
    assert [each["carrier"] for each in model["each"] if each["chosen"]] == [
        "wecom", "mini_program"
    ]  # fmt: skip
    assert model["reach"] <= model["customers"]


def test_what_was_decided_by_a_clock_that_ran_ahead_gives_way_to_what_is_decided_since(house):
    house.ask(DECIDE, ADMIN, input={"carriers": ["wecom"]})
    with house.records.write() as session:
        session.execute(update(OperatingModel).values(id=f"opm_{'z' * 21}"))
    told = house.ask(DECIDE, ADMIN, input={"carriers": ["mini_program"]})
    assert told["decideOperatingModel"]["operatingModel"]["carriers"] == ["mini_program"]
    assert house.ask(MODEL, ADMIN)["operatingModel"]["carriers"] == ["mini_program"]


def test_a_carrier_that_there_is_not_is_a_problem_of_the_field(house):
    told = house.ask(DECIDE, ADMIN, input={"carriers": ["fax"]})["decideOperatingModel"]
    assert told["problems"] == [{"code": "not_a_choice", "field": "carriers"}]
    assert house.errors(DECIDE, input={"carriers": ["wecom"]})[0]["extensions"]["code"]


def test_what_is_paused_is_told_and_released(house):
    material = house.materials.create("image_text", "开放日", by="t")
    with house.records.write() as session:
        session.add(
            BlockReview(material=material.id, paused=house.clock(), blocks=3, reached=400)
        )  # fmt: skip
        bounds.bar(session, [material.id], "blocking")
    (paused,) = house.ask(PAUSED, ADMIN)["pausedContent"]
    assert paused == {
        "material": {"id": material.id}, "blocks": 3, "reached": 400, "rate": 0.0075
    }  # fmt: skip
    told = house.ask(RELEASE, ADMIN, input={"material": material.id})["releaseMaterial"]
    assert told["problems"] == []
    assert house.ask(PAUSED, ADMIN)["pausedContent"] == []
    assert house.shelf.held_by(material.id) == []
