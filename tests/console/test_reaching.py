"""Carriers and losses in the console: decided on one form, released by one button."""

import pytest

from channels.blocks import Block, BlockReview
from channels.carriers import USUAL
from content_hub import bounds


@pytest.fixture
def paused(rooms, material):
    with rooms.records.write() as session:
        session.add(
            BlockReview(material=material.id, paused=rooms.clock(), blocks=3, reached=400)
        )  # fmt: skip
        session.add(
            Block(
                source="unfollowed:o1", handle="openid:acc:o1", account=rooms.wall.id,
                at=rooms.clock(), material=material.id,
                touches=[{"material": material.id, "delivery": "d", "account": "a", "at": ""}],
            )
        )  # fmt: skip
        bounds.bar(session, [material.id], "blocking")
    return material


def test_the_places_on_the_form_are_the_order_in_which_carriers_are_tried(rooms, desk_of):
    boss = desk_of("admin")
    assert rooms.carriers.model() == list(USUAL)
    told = boss.post("/console/reaching", wecom="2", official_account="1", mini_program="")
    assert told.status_code == 200
    assert rooms.carriers.model() == ["official_account", "wecom"]
    assert boss.post("/console/reaching").status_code == 422
    assert desk_of("editor").post("/console/reaching", wecom="1").status_code == 403


def test_paused_content_is_seen_with_who_left_and_released(rooms, desk_of, paused):
    publisher = desk_of("publisher")
    told = publisher.get("/console/reaching").text
    assert "0.75%" in told
    assert told.count(paused.title) == 2
    told = publisher.post(f"/console/reaching/{paused.id}/release").text
    assert "0.75%" not in told
    assert rooms.shelf.held_by(paused.id) == []


@pytest.mark.browser
def test_the_page_is_for_everybody(for_everybody, paused):
    for_everybody("reaching", role="admin")
    for_everybody("reaching?lang=en", role="admin")
