"""What a customer's own token may ask, and what it may not."""

import pytest

from kernel.actors import Actor, Role


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
