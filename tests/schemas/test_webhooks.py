"""Webhooks through GraphQL: made with a secret shown once, pinged, switched, told again."""

from kernel.actors import Role
from tests.schemas.conftest import editor

ADMIN = editor(id="stf_boss", staff="stf_boss", role=Role.ADMIN)
MAKE = """mutation($url: String!, $kinds: [String!]) {
  createWebhook(input: {url: $url, kinds: $kinds, channels: ["app"]}) {
    webhook { id url kinds channels off } secret problems { field code } } }"""


def test_an_address_is_told_pinged_switched_and_told_again(house):
    told = house.ask(MAKE, ADMIN, url="https://erp.example.com/h", kinds=["material.on_shelf"])
    made = told["createWebhook"]
    assert made["secret"].startswith("whsec_")
    assert made["webhook"]["channels"] == [house.app.id]
    key = made["webhook"]["id"]

    again = house.ask(
        """mutation($w: ID!) { renewWebhookSecret(input: {webhook: $w}) { secret } }""",
        ADMIN,
        w=key,
    )
    assert again["renewWebhookSecret"]["secret"] != made["secret"]
    ping = "mutation($w: ID!) { pingWebhook(input: {webhook: $w}) { notice { id state } } }"
    assert house.ask(ping, ADMIN, w=key)["pingWebhook"]["notice"]["state"] == "waiting"
    page = house.ask(
        "query($w: ID!) { notices(webhook: $w, state: \"waiting\") { nodes { kind tries } } }",
        ADMIN, w=key,
    )  # fmt: skip
    assert page["notices"]["nodes"] == [{"kind": "ping", "tries": 0}]
    replay = """mutation($w: ID!, $s: Moment!) {
      replayWebhook(input: {webhook: $w, since: $s}) { webhook { id } problems { code } } }"""
    assert house.ask(replay, ADMIN, w=key, s="2026-03-01T00:00:00Z")["replayWebhook"]["webhook"]
    (old,) = house.ask(replay, ADMIN, w=key, s="2025-03-01T00:00:00Z")["replayWebhook"]["problems"]
    assert old["code"] == "notices_kept_so_long"

    switch = """mutation($w: ID!, $on: Boolean!) {
      switchWebhook(input: {webhook: $w, on: $on}) { webhook { off } } }"""
    assert house.ask(switch, ADMIN, w=key, on=False)["switchWebhook"]["webhook"]["off"]
    assert house.ask(switch, ADMIN, w=key, on=True)["switchWebhook"]["webhook"]["off"] is None
    house.ask("mutation($w: ID!) { dropWebhook(input: {webhook: $w}) { webhook { id } } }", ADMIN,
              w=key)  # fmt: skip
    assert house.ask("{ webhooks { id } }", ADMIN)["webhooks"] == []


def test_a_bad_address_is_a_problem_and_editors_make_none(house):
    (problem,) = house.ask(MAKE, ADMIN, url="file:///etc", kinds=None)["createWebhook"]["problems"]
    assert problem == {"field": "url", "code": "not_a_link"}
    (problem,) = house.ask(MAKE, ADMIN, url="http://169.254.169.254/x", kinds=None)[
        "createWebhook"]["problems"]  # fmt: skip
    assert problem == {"field": "url", "code": "address_not_allowed"}
    (refused,) = house.errors(MAKE, url="https://x.example", kinds=None)
    assert refused["extensions"]["code"] == "forbidden"
    (refused,) = house.errors("{ webhooks { url } }")
    assert refused["extensions"]["code"] == "forbidden"
