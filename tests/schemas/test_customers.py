"""What a customer's own token may ask, and what it may not."""

import gc

import pytest

from kernel.actors import Actor, Role
from matching.scoring import Scores


@pytest.mark.parametrize(
    "question",
    [
        '{ customer(id: "user:a:1") { id } }', "{ customers { nodes { id } } }",
        "{ materials { nodes { id } } }", "{ tags { nodes { id } } }",
        "{ deliveries { totalCount } }",
        "{ campaigns { totalCount } }", "{ counts(by: [KIND]) { totalCount } }",
        '{ search(text: "a") { totalCount } }', '{ recommendations(customer: "user:a:1") { id } }',
        "{ me { reminders { totalCount } } }",
    ],
)  # fmt: skip
def test_a_customers_token_answers_only_the_shelf_a_material_and_me(house, question):
    made = house.shown("在架")
    her = Actor(id="u", role=Role.CUSTOMER, account=house.app.id, customer="user:a:1")
    (refused,) = house.errors(question, her)
    assert refused["extensions"]["code"] == "forbidden"
    assert house.ask("query($m: ID!) { material(id: $m) { title } me { role } }", her, m=made) == {
        "material": {"title": "在架"}, "me": {"role": "customer"},
    }  # fmt: skip


def test_what_is_not_offered_is_told_with_its_reason_in_both_languages(house):
    made, rep = house.library(each=2), house.hire("r1", name="李丽")
    her = house.meet(rep=rep, name="王芳", gender="f")
    read = made["健康"][0]
    house.tell(house.event("read_material", her, read))
    ask = """query($c: ID!, $m: ID!) {
      recommendations(customer: $c) { absent { key count text } }
      whyNot(customer: $c, material: $m) { key text reasons { kind weight } } }"""
    told = house.ask(ask, rep, c=house.id_of(her), m=read)
    assert told["recommendations"]["absent"] == [
        {"key": "why_already_read", "count": 1, "text": "她已经读过"}
    ]
    assert (told["whyNot"]["key"], told["whyNot"]["text"]) == ("why_already_read", "她已经读过")
    assert told["whyNot"]["reasons"]
    listed = house.ask(ask, rep, c=house.id_of(her), m=made["健康", "product_note"])
    assert listed["whyNot"]["text"].startswith("它就在推荐里")


def test_an_answered_list_holds_the_scores_of_a_shelf_no_longer_than_its_answer(house):
    """A hundred thousand scores a list, until somebody looks for cycles, fill a process."""
    house.library(each=2)
    rep = house.hire("r1", name="李丽")
    her = house.meet(rep=rep, name="王芳", gender="f")
    ask = """query($c: ID!) { recommendations(customer: $c) {
      items { material { title } script { text } reasons { text weight } } } }"""
    gc.collect()
    gc.disable()
    try:
        assert house.ask(ask, rep, c=house.id_of(her))["recommendations"]["items"]
        assert not [each for each in gc.get_objects() if type(each) is Scores]
    finally:
        gc.enable()
