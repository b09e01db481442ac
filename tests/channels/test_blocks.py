"""Who cut us off, what reached her before, and the content that is paused for it."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from channels.blocks import WHY
from channels.deliveries import Delivery, State
from data_hub.findings import Found
from kernel.errors import NotFound
from kernel.events import Handle
from stores.bulk import many
from stores.records import insert

DAY = timedelta(days=1)
HER = Handle("openid", "acc_oa", "o1")


@pytest.fixture
def blocks(house):
    return house.blocks


@pytest.fixture
def policy(house):
    return house.touch_policy.policy()


@pytest.fixture
def material(house):
    made = house.material()
    house.placed(made, house.account(), hours=(-1, 24 * 60))
    return made


def reached(records, material, people, at, account="acc_oa"):
    """So many people got it at that moment."""
    rows = [
        {
            "id": f"dlv_{material}_{who}", "account": account, "target": f"openid:{account}:{who}",
            "occasion": f"{material}:{at}", "material": material, "state": State.DONE.value,
            "created": at, "last_sent": at, "placement": "", "number": 1, "words": "",
            "purpose": "marketing", "lane": "message", "campaign": "", "broadcast": "",
            "priority": 50, "override": "", "rep": "", "by": "t", "progress": "shown",
            "reason": "", "facts": {}, "attempts": 1, "crashes": 0, "fence": 0, "steps": [],
        }
        for who in people
    ]  # fmt: skip
    with records.write() as session:
        many(session, Delivery, insert(session, Delivery), rows)


def leaves(people, who, at, kind="unfollowed"):
    with people.write() as session:
        session.add(
            Found(
                key=f"{kind}:{who}", customer=f"cus_{who}", handle=f"openid:acc_oa:{who}",
                kind=kind, at=at, evidence={"account": "acc_oa"},
            )
        )  # fmt: skip


@pytest.mark.rule("R136.1")
def test_a_block_keeps_the_last_touches_the_latest_first(blocks, house, people, clock, policy):
    for number in range(7):
        reached(house.records, f"mat_{number}", ["o1"], clock() - number * DAY)
    leaves(people, "o1", clock())
    leaves(people, "o2", clock(), kind="messaged")
    assert blocks.follow(policy) == 2
    assert blocks.follow(policy) == 0
    (block,) = blocks.page().items
    assert [each["material"] for each in block.touches] == [f"mat_{n}" for n in range(5)]
    assert (block.account, block.handle, block.material) == ("acc_oa", str(HER), "mat_0")


def test_what_came_after_she_left_or_long_before_is_not_to_blame(
    blocks, house, people, clock, policy
):
    reached(house.records, "mat_late", ["o1"], clock() + DAY)
    reached(house.records, "mat_old", ["o1"], clock() - 8 * DAY)
    leaves(people, "o1", clock())
    blocks.follow(policy)
    (block,) = blocks.page().items
    assert block.material == ""
    assert [each["material"] for each in block.touches] == ["mat_old"]


def test_who_died_before_judging_judges_the_next_time(blocks, house, people, material, policy):
    """The blocks are noted and the content is not judged: the policy says nothing of it."""
    reached(house.records, material.id, crowd(400), house.clock() - DAY)
    for who in crowd(3):
        leaves(people, who, house.clock())
    with pytest.raises(AttributeError):
        blocks.follow(SimpleNamespace(block_days=policy.block_days))
    assert len(blocks.page().items) == 3
    assert blocks.paused() == []
    assert blocks.follow(policy) == 3
    assert [each.material for each in blocks.paused()] == [material.id]
    assert len(blocks.page().items) == 3


def crowd(n, begin=0):
    return [f"o{number}" for number in range(begin, begin + n)]


@pytest.mark.rule("R136.2")
@pytest.mark.parametrize(
    ("touched", "left", "paused"), [(400, 2, False), (400, 3, True), (199, 50, False)]
)
def test_content_that_drives_people_away_leaves_the_shelf_for_a_look(
    blocks, house, people, clock, policy, material, touched, left, paused
):
    reached(house.records, material.id, crowd(touched), clock())
    for who in crowd(left):
        leaves(people, who, clock())
    blocks.follow(policy)
    assert [each.material for each in blocks.paused()] == ([material.id] if paused else [])
    assert house.shelf.held_by(material.id) == ([WHY] if paused else [])


@pytest.mark.rule("R136.2")
def test_who_looked_at_it_shows_it_again_and_counting_begins_anew(
    blocks, house, people, clock, policy, material
):
    reached(house.records, material.id, crowd(400), clock())
    for who in crowd(3):
        leaves(people, who, clock())
    blocks.follow(policy)
    clock.move(DAY)
    assert blocks.release(material.id, by="li").reviewed == clock()
    assert blocks.release(material.id, by="li").rate == 3 / 400
    assert house.shelf.held_by(material.id) == []
    assert blocks.judge(material.id, policy) is False

    clock.move(DAY)
    reached(house.records, material.id, crowd(300, 500), clock())
    for who in crowd(2, 500):
        leaves(people, who, clock())
    blocks.follow(policy)
    assert [(each.blocks, each.reached) for each in blocks.paused()] == [(2, 300)]


def test_what_was_never_paused_is_not_released(blocks, material):
    with pytest.raises(NotFound):
        blocks.release(material.id, by="li")


def test_those_who_left_are_told_page_by_page(blocks, people, clock, policy):
    for number, who in enumerate(crowd(5)):
        leaves(people, who, clock() - number * DAY)
    blocks.follow(policy)
    first = blocks.page(first=3)
    rest = blocks.page(first=3, after=first.next)
    told = [each.handle for each in [*first.items, *rest.items]]
    assert told == [f"openid:acc_oa:{who}" for who in crowd(5)]
    assert rest.next is None
