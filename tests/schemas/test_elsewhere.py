"""What accounts published by themselves, through GraphQL: listed, chosen, waiting for tags."""

import pytest

LIST = """query ($after: String) {
  works(channel: "w", after: $after) { nodes { id title url material } endCursor } }"""
TAKE = """mutation ($works: [ID!]!) {
  takeWorks(input: {channel: "w", works: $works}) {
    materials { id title type tags { id } } problems { code } } }"""
WAITING = "{ materials(filter: {untagged: true}) { totalCount nodes { id } } }"


@pytest.fixture
def there(house):
    return house.accounts.add(code="w", name="w", kind="codes", ecosystem="wechat", by="t")


@pytest.mark.rule("R2.1")
def test_what_is_chosen_becomes_a_reference_that_waits_for_its_tags(house, there):
    before = house.ask(WAITING)["materials"]["totalCount"]
    first = house.ask(LIST)["works"]
    assert [(each["id"], each["material"]) for each in first["nodes"]] == [("v1", None)]
    assert house.ask(LIST, after=first["endCursor"])["works"]["endCursor"] is None

    (made,) = house.ask(TAKE, works=["v1"])["takeWorks"]["materials"]
    assert (made["title"], made["type"], made["tags"]) == ("平台上的v1", "short_video", [])
    again = house.ask(TAKE, works=["v1", "v1"])["takeWorks"]["materials"]
    assert [each["id"] for each in again] == [made["id"]]
    kept = house.materials.one(made["id"])
    assert (kept.source_platform, kept.source_id, kept.source_url) == (
        "codes", "v1", "https://p.cn/v1",
    )  # fmt: skip
    waiting = house.ask(WAITING)["materials"]
    assert waiting["totalCount"] == before + 1
    assert waiting["nodes"][0] == {"id": made["id"]}
    assert house.ask(LIST)["works"]["nodes"][0]["material"] == made["id"]


def test_more_than_fifty_at_once_are_refused_and_not_half_taken(house, there):
    told = house.ask(TAKE, works=[f"v{number}" for number in range(51)])["takeWorks"]
    assert (told["materials"], told["problems"]) == (None, [{"code": "too_many_names"}])


def test_an_account_that_cannot_list_is_a_problem_with_a_name(house):
    (error,) = house.errors('{ works(channel: "app") { nodes { id } } }')
    assert error["extensions"]["code"] == "conflict"


def test_a_work_that_is_gone_is_not_found(house, there):
    (error,) = house.errors(TAKE, works=["v9"])
    assert error["extensions"]["code"] == "not_found"
