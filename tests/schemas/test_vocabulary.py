"""Acts on tags and bulk tagging through GraphQL: seen first, done, undone."""

import pytest

from content_hub.tagging_runs import Chosen
from kernel.actors import Role
from tests.schemas.conftest import editor


@pytest.fixture
def words(house):
    for label, code in (("康养", "care"), ("银发", "silver")):
        house.taxonomy.create(label, "topic", code=code, by="li")
    return house.taxonomy


def test_a_merge_a_move_and_a_retirement_are_told_and_undone(house, words):
    told = house.ask(
        """mutation {
          relateTags(input: {tag: "care", related: ["silver"]}) { tag { related { code } } }
          moveTag(input: {tag: "silver", parent: "care"}) { tag { parent { code } } }
          retireTag(input: {tag: "silver"}) { tag { retired } }
          mergeTags(input: {tag: "silver", into: "care"}) { tag { id synonyms uses owner } }
        }"""
    )
    assert told["relateTags"]["tag"]["related"] == [{"code": "silver"}]
    assert told["moveTag"]["tag"]["parent"] == {"code": "care"}
    assert told["retireTag"]["tag"]["retired"]
    assert told["mergeTags"]["tag"]["synonyms"] == ["银发"]
    acts = house.ask("{ tagActs(first: 3) { id act tag { code } undone } }")["tagActs"]
    assert [each["act"] for each in acts] == ["merged_tag", "retired_tag", "moved_tag"]
    undo = "mutation($a: ID!) { undoTagAct(input: {act: $a}) { act { undone } problems { code } } }"
    for each in acts:
        assert house.ask(undo, a=each["id"])["undoTagAct"]["act"]["undone"]
    assert words.one("silver").parent is None
    again = house.ask(undo, a=acts[0]["id"])["undoTagAct"]
    assert again["problems"] == [{"code": "tag_act_is_undone"}]


def test_everything_that_is_found_is_seen_tagged_and_taken_back(house, words):
    ids = [house.materials.create("script", f"旅居{n}", by="li").id for n in range(3)]
    find = """mutation($p: Boolean) { tagFound(input: {
      types: ["script"], text: "旅居", add: ["care"], preview: $p}) {
      found { total sample { id } run { id done finished } } problems { code field } } }"""
    seen = house.ask(find, p=True)["tagFound"]["found"]
    assert (seen["total"], seen["run"]) == (3, None)
    assert set(house.materials.topics(ids).values()) == {()}
    run = house.ask(find)["tagFound"]["found"]["run"]
    assert (run["done"], bool(run["finished"])) == (3, True)
    undo = "mutation($r: ID!) { undoTagging(input: {run: $r}) { run { undone } } }"
    assert house.ask(undo, r=run["id"])["undoTagging"]["run"]["undone"]
    assert set(house.materials.topics(ids).values()) == {()}


def test_a_run_that_is_under_way_is_stopped_once_and_what_it_did_is_taken_back(house, words):
    ids = [house.materials.create("script", f"旅居{n}", by="li").id for n in range(60)]
    run = house.tagging_runs.begin(["care"], (), chosen=Chosen(text="旅居"), by="li")
    house.tagging_runs.go_on(run.id)
    stop = """mutation($r: ID!) { stopTagging(input: {run: $r}) {
      run { done finished undone } problems { code } } }"""
    told = house.ask(stop, r=run.id)["stopTagging"]["run"]
    assert (told["done"], bool(told["finished"]), told["undone"]) == (50, True, None)
    house.tagging_runs.go_on(run.id)
    worn = [bool(tags) for tags in house.materials.topics(ids).values()]
    assert sum(worn) == 50
    assert house.ask(stop, r=run.id)["stopTagging"]["problems"] == [{"code": "tagging_is_over"}]
    undo = "mutation($r: ID!) { undoTagging(input: {run: $r}) { run { undone } } }"
    assert house.ask(undo, r=run.id)["undoTagging"]["run"]["undone"]
    assert set(house.materials.topics(ids).values()) == {()}


def test_a_thousand_named_materials_are_tagged_in_one_call(house, words):
    ids = [house.materials.create("script", f"话术{n}", by="li").id for n in range(130)]
    tag = """mutation($m: [ID!]!, $p: Boolean) { tagMaterials(input: {
      materials: $m, add: ["care"], preview: $p}) {
      materials { id } run { total done refused } problems { field code } } }"""
    seen = house.ask(tag, m=ids, p=True)["tagMaterials"]
    assert (len(seen["materials"]), seen["run"]) == (130, None)
    done = house.ask(tag, m=ids)["tagMaterials"]
    assert done["run"] == {"total": 130, "done": 130, "refused": 0}
    assert set(house.materials.topics(ids).values()) == {(words.one("care").id,)}
    assert house.ask(tag, m=[*ids, "nobody"])["tagMaterials"]["problems"][0]["field"] == "materials"


def test_a_tag_is_split_and_owned_by_somebody_who_is_there(house, words):
    house.materials.create("script", "旅居话术", tags=["care"], by="li")
    split = """mutation { splitTag(input: {tag: "care", label: "旅居", text: "旅居"}) {
      run { total finished } } }"""
    assert house.ask(split)["splitTag"]["run"]["total"] == 1
    (gone,) = house.errors('mutation { ownTag(input: {tag: "care", owner: "x"}) { tag { id } } }')
    assert gone["extensions"]["code"] == "not_found"


def test_a_publisher_changes_no_word(house, words):
    publisher = editor(id="stf_pub", staff="stf_pub", role=Role.PUBLISHER)
    (no,) = house.errors('mutation { retireTag(input: {tag: "care"}) { tag { id } } }', publisher)
    assert no["extensions"]["code"] == "forbidden"


def test_proposals_are_asked_answered_and_taken_back(house, words):
    made = house.materials.create("script", "银发旅居", by="li")
    asked = """query($m: [ID!]!) { tagSuggestions(materials: $m) {
      material { id } proposals { tag { code } score words } } }"""
    (told,) = house.ask(asked, m=[made.code])["tagSuggestions"]
    assert told["material"]["id"] == made.id
    assert told["proposals"][0]["tag"] == {"code": "silver"}
    answer = """mutation($a: [AnswerInput!]!) { answerSuggestions(input: {answers: $a}) {
      answered { batch accepted refused failed } problems { code } } }"""
    done = house.ask(answer, a=[{"material": made.id, "tag": "silver", "accept": True}])
    answered = done["answerSuggestions"]["answered"]
    assert (answered["accepted"], answered["failed"]) == (1, 0)
    assert house.materials.about(made.id) == (words.one("silver").id,)
    back = "mutation($b: ID!) { takeAnswersBack(input: {batch: $b}) { batch } }"
    house.ask(back, b=answered["batch"])
    assert house.materials.about(made.id) == ()


def test_a_company_adds_a_field_and_a_type_through_the_api(house):
    add = """mutation($k: String!) { addTypeFields(input: {type: "script", fields: [
      {name: "occasion", kind: $k, zh: "场合"}]}) {
      type { fields { name kind } } problems { code field } } }"""
    told = house.ask(add, k="text")["addTypeFields"]["type"]
    assert {"name": "occasion", "kind": "text"} in told["fields"]
    again = house.ask(add, k="number")["addTypeFields"]["problems"]
    assert again[0]["code"] == "field_of_another_kind"
    make = """mutation($t: [String!]!) { addContentType(input: {
      code: "quiz", zh: "问答", tracking: $t, channels: ["article"]}) {
      type { code } problems { field } } }"""
    assert house.ask(make, t=["dreamed"])["addContentType"]["problems"] == [{"field": "tracking"}]
    assert house.ask(make, t=["read_material"])["addContentType"]["type"] == {"code": "quiz"}
    codes = [each["code"] for each in house.ask("{ contentTypes { code } }")["contentTypes"]]
    assert "quiz" in codes
