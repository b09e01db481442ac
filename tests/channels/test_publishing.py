"""From the shelf to the channels: acts, the last question, lost answers, withdrawing."""

import sqlite3
from datetime import timedelta

import pytest
from sqlalchemy import event, update

from channels.base import Progress, Refused, SignedOut, Unanswered
from channels.deliveries import Delivery, State
from content_hub.policies import Policies
from content_hub.reviews import Reviews
from content_hub.scheduling import ScheduledEdits
from kernel.errors import Conflict, Invalid
from kernel.events import Ecosystem, Handle
from tests.channels.house import busy
from tests.rounds import publish_due

HER = Handle("user", "acc_app", "u1")
HOUR = timedelta(hours=1)


@pytest.fixture
def oa(house):
    return house.account()


@pytest.fixture
def placement(house, oa):
    return house.placed(house.material(), oa)


def only(house, placement):
    (delivery,) = house.deliveries.of_placement(placement.id)
    return delivery


def test_what_stands_on_the_shelf_is_published_once_and_withdrawn_at_closing(any_house, clock):
    placement = any_house.placed(any_house.material(), any_house.account())
    for _ in range(3):
        any_house.work()
    (key,) = any_house.board.shown
    post = any_house.board.up[key]
    assert post.title == "退休后的养老规划"
    assert any_house.links.open(post.link.rpartition("/")[2]).material == placement.material

    clock.move(6 * HOUR)
    any_house.work()
    any_house.work()
    assert any_house.board.taken_down == [key]
    assert only(any_house, placement).progress == Progress.WITHDRAWN


def test_a_placement_that_waits_is_published_when_it_opens_though_nobody_looked(
    house, board, oa, clock
):
    house.placed(house.material(), oa, hours=(2, 5))
    house.work()
    assert board.shown == []

    clock.move(3 * HOUR)
    house.work()
    assert len(board.shown) == 1


@pytest.mark.rule("R4.3")
def test_at_and_after_closing_nothing_is_begun(any_house, clock):
    any_house.placed(any_house.material(), any_house.account(), hours=(1, 2))
    any_house.board.trouble = [busy(seconds=3600)]
    clock.move(HOUR)
    any_house.work()
    clock.move(HOUR)

    any_house.work()

    assert any_house.board.shown == []


@pytest.mark.rule("R4.4")
def test_retiring_cancels_what_is_queued_and_says_so(any_house):
    placement = any_house.placed(any_house.material(), any_house.account())
    any_house.board.trouble = [busy(seconds=60)]
    any_house.work()
    assert only(any_house, placement).state == State.DUE

    retired = any_house.publishing.retire(placement.material, by="wang")

    assert (retired.cancelled, retired.in_flight) == (1, 0)
    assert only(any_house, placement).state == State.CANCELLED
    any_house.work()
    assert any_house.board.shown == []


@pytest.mark.rule("R4.4")
def test_what_waits_when_its_time_is_over_is_cancelled(house, board, placement, clock):
    board.trouble = [busy(seconds=86_400)]
    house.work()
    clock.move(6 * HOUR)
    house.work()
    assert only(house, placement).state == State.CANCELLED
    assert only(house, placement).why("en") == (
        "The material is not on the shelf, so nothing was sent."
    )  # fmt: skip


def test_retiring_says_how_many_are_in_flight(house, board, placement):
    board.trouble = [Unanswered("platform_did_not_answer", host="x")]
    publish_due(house.publishing)
    assert house.publishing.retire(placement.id, by="li").in_flight == 1


def test_retired_while_shown_it_is_taken_down(house, board, placement):
    house.work()
    house.publishing.retire(placement.id, by="li")
    house.work()
    assert (board.up, len(board.taken_down)) == ({}, 1)


def test_moved_away_it_is_taken_down_and_shown_again_when_its_time_comes(
    house, board, placement, clock
):
    house.work()
    house.shelf.move(placement.id, opens=clock() + HOUR, closes=clock() + 3 * HOUR, by="li")
    house.work()
    assert board.up == {}

    clock.move(2 * HOUR)
    house.work()
    house.work()
    assert len(board.up) == 1
    assert len(house.deliveries.of_placement(placement.id)) == 2


def test_what_was_up_by_a_clock_that_ran_ahead_is_put_up_again_once(house, board, placement, clock):
    """Ids follow the clock: the first seemed to be the last, and each round put up one more."""
    house.work()
    with house.records.write() as session:
        ahead = f"dlv_{'z' * 21}"
        session.execute(update(Delivery).values(id=ahead))
    house.shelf.move(placement.id, opens=clock() + HOUR, closes=clock() + 3 * HOUR, by="li")
    house.work()
    assert board.up == {}
    clock.move(2 * HOUR)
    for _ in range(4):
        house.work()
    assert len(board.up) == 1
    assert [each.turn for each in house.deliveries.of_placement(placement.id)] == [1, 2]
    (latest,) = house.deliveries.of_placements([placement.id]).values()
    assert latest.progress == Progress.SHOWN
    assert [*house.publishing.flaws()] == []


def test_a_refusal_lists_what_the_shelf_and_the_channel_mind(house, oa):
    script = house.materials.create("file", "资" * 40, by="li")
    with pytest.raises(Invalid) as refused:
        house.publishing.place(script.id, oa.code, opens=None, closes=None, by="li")
    assert {flaw.field for flaw in refused.value.flaws} == {"tags", "opens", "closes", "material"}


@pytest.mark.rule("R6.3")
def test_a_title_that_is_too_long_for_the_channel_is_refused_when_planning(house, oa):
    with pytest.raises(Invalid) as refused:
        house.placed(house.material("长" * 33), oa)
    (flaw,) = refused.value.flaws
    assert (flaw.field, flaw.facts["limit"]) == ("title", 32)


def test_the_content_is_read_when_it_is_marked(house, board, placement):
    house.materials.edit(placement.material, title="新标题", by="li")
    house.work()
    assert [post.title for post in board.up.values()] == ["新标题"]
    assert only(house, placement).number == 2


def test_busy_is_tried_again_later_and_given_up_after_three_hours(house, board, oa, clock):
    placement = house.placed(house.material(), oa, hours=(-1, 24))
    board.trouble = [busy(seconds=1200) for _ in range(20)]
    for _ in range(12):
        publish_due(house.publishing)
        clock.move(timedelta(minutes=21))
    delivery = only(house, placement)
    assert (delivery.state, delivery.reason) == (State.PARKED, "platform_busy")
    assert delivery.attempts == 10


def test_retry_after_is_obeyed_to_the_second(house, board, placement, clock):
    board.trouble = [busy(seconds=60)]
    house.work()
    clock.move(timedelta(seconds=59))
    house.work()
    assert board.shown == []
    clock.move(timedelta(seconds=1))
    house.work()
    assert len(board.shown) == 1


def test_what_the_platform_refuses_waits_for_a_person(house, board, placement):
    board.trouble = [Refused("platform_refused", path="draft/add", errcode=45003, errmsg="title")]
    house.work()
    house.work()
    delivery = only(house, placement)
    assert delivery.state == State.PARKED
    assert "45003" in delivery.why("zh")

    house.deliveries.retry(delivery.id, by="li")
    house.work()
    assert board.shown == [delivery.id]


def test_signed_out_pauses_the_account_and_resuming_goes_on(house, board, oa, placement):
    board.trouble = [SignedOut("platform_signed_us_out", path="x", errcode=40125)]
    house.work()
    assert house.accounts.one(oa.id).paused_reason == "platform_signed_us_out"
    house.work()
    assert board.shown == []

    house.accounts.resume(oa.id, by="li")
    house.work()
    assert len(board.shown) == 1
    assert only(house, placement).attempts == 1


def lost(*, done):
    return Unanswered("platform_did_not_answer", host="board", done=done)


def test_a_lost_answer_that_went_through_is_found_and_not_doubled(any_house, clock):
    placement = any_house.placed(any_house.material(), any_house.account())
    any_house.board.trouble = [lost(done=True)]
    any_house.work()
    assert only(any_house, placement).state == State.UNKNOWN

    clock.move(timedelta(seconds=5))
    any_house.work()

    assert len(any_house.board.shown) == 1
    assert only(any_house, placement).progress == Progress.SHOWN


def test_a_lost_answer_that_did_not_go_through_is_repeated_only_after_the_longest_review(
    house, board, placement, clock
):
    board.trouble = [lost(done=False)]
    for _ in range(29):
        house.work()
        clock.move(timedelta(minutes=1))
    house.work()
    assert (board.shown, only(house, placement).state) == ([], State.UNKNOWN)

    clock.move(timedelta(minutes=2))
    house.work()
    assert len(board.shown) == 1


def test_without_find_or_key_only_a_person_may_say_what_became_of_it(
    house, board, placement, clock
):
    board.idempotency = "none"
    board.trouble = [lost(done=False)]
    for _ in range(5):
        house.work()
        clock.move(HOUR / 2)
    assert (board.shown, only(house, placement).state) == ([], State.UNKNOWN)


def test_a_lost_answer_of_a_platform_that_knows_our_key_is_asked_for_again_under_it(
    house, board, placement, clock
):
    board.idempotency = "native"
    board.trouble = [lost(done=False), lost(done=True)]
    for _ in range(6):
        house.work()
        clock.move(timedelta(seconds=3))
    delivery = only(house, placement)
    assert (set(board.shown), delivery.state, delivery.attempts) == ({delivery.id}, State.DONE, 3)


def test_submitted_is_not_shown_until_the_platform_says_so(house, board, placement, clock):
    board.progress = Progress.SUBMITTED
    publish_due(house.publishing)
    assert only(house, placement).progress == Progress.SUBMITTED

    clock.move(timedelta(seconds=6))
    house.work()
    assert only(house, placement).progress == Progress.SHOWN


def test_a_picture_that_is_missing_parks_this_one_and_holds_up_no_other(house, board, oa):
    house.placed(house.material("一", cover="med_gone"), oa)
    house.placed(house.material("二"), oa)
    board.trouble = [Invalid("cover", "nothing_by_that_name", kind="media", key="med_gone")]
    house.work()
    assert len(board.shown) == 1
    assert house.deliveries.tally()[(oa.id, State.PARKED)] == 1


def test_a_broken_account_holds_up_no_other(house, board, oa):
    strange = house.account(code="x", kind="no_such_kind")
    house.placed(house.material("二"), oa)
    assert house.accounts.one(strange.id).kind == "no_such_kind"
    house.work()
    assert len(board.shown) == 1


def test_while_nobody_acts_and_nothing_opens_the_shelf_is_not_looked_through(house, oa, clock):
    house.placed(house.material(), oa, hours=(2, 5))
    house.publishing.plan()
    asked = []
    event.listen(house.records.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))

    house.publishing.plan()
    assert not [each for each in asked if "FROM placements" in each]

    clock.move(timedelta(seconds=6))
    house.publishing.plan()
    assert [each for each in asked if "FROM placements" in each]


@pytest.mark.parametrize("how", ["closes", "retired", "elsewhere"])
def test_what_is_up_is_looked_through_again_when_anything_is_committed_or_closes(
    house, board, oa, clock, how
):
    placement = house.placed(house.material(), oa)
    house.placed(house.material("别的"), oa, hours=(-1, 300))
    house.work()
    (key,) = [key for key in board.shown if board.up[key].title == "退休后的养老规划"]
    house.publishing.withdraw_due()
    asked = []
    event.listen(house.records.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    for _ in range(20):
        assert house.publishing.withdraw_due() == 0
    assert asked == []

    if how == "closes":
        clock.move(5 * HOUR)
    elif how == "retired":
        house.publishing.retire(placement.id, by="li")
    else:  # another process, through which no act of ours was told
        with sqlite3.connect(house.records.engine.url.database) as other:
            other.execute("update placements set closes = opens where id = ?", [placement.id])
        other.close()
    house.publishing.withdraw_due()
    assert board.taken_down == [key]


def test_nothing_is_published_to_an_app_that_pulls(house):
    app = house.account(code="app", kind="app", ecosystem=Ecosystem.OWN_APP)
    house.placed(house.material(), app)
    house.work()
    assert house.deliveries.tally() == {}
    assert list(house.publishing.flaws()) == []


def test_check_finds_what_is_up_beyond_its_time(house, board, placement, clock):
    house.work()
    assert list(house.publishing.flaws()) == []
    clock.move(10 * HOUR)
    (flaw,) = house.publishing.flaws()
    assert placement.id in flaw


# to one person


@pytest.fixture
def app(house):
    return house.account(code="app", kind="app", ecosystem=Ecosystem.OWN_APP)


def send(house, app, **more):
    asked = {"occasion": "rem_1", "purpose": "marketing", "by": "stf_1", "words": "您好"}
    return house.publishing.send(HER, app.code, **asked | more)


def test_a_message_arrives_once_with_its_card(house, app):
    material = house.material()
    house.placed(material, app)
    for _ in range(2):
        send(house, app, material=material.id, rep="stf_1")
        house.work()
    (message,) = house.inbox.page([HER]).items
    assert (message.text, message.title) == ("您好", material.title)
    assert house.links.open(message.link.rpartition("/")[2]).rep == "stf_1"


@pytest.mark.rule("R4.3")
def test_a_message_whose_material_leaves_the_shelf_is_cancelled(house, app, clock):
    material = house.material()
    house.placed(material, app)
    delivery = send(house, app, material=material.id, at=clock() + 9 * HOUR)
    clock.move(10 * HOUR)
    house.work()
    assert house.deliveries.one(delivery.id).state == State.CANCELLED
    assert house.inbox.page([HER]).items == []


def test_what_she_does_not_allow_is_refused_at_once_and_at_the_last_moment(house, app):
    delivery = send(house, app)
    house.consents.withdraw([HER], "marketing", source="page")
    house.work()
    assert house.deliveries.one(delivery.id).reason == "she_does_not_allow_it"
    with pytest.raises(Conflict, match="does not allow"):
        send(house, app, occasion="rem_2")


def test_an_empty_message_is_refused(house, app):
    with pytest.raises(Invalid):
        send(house, app, words=" ")


# what is scheduled


def scheduled(house, material, at, **changed):
    edits = ScheduledEdits(
        house.records, house.changes, house.materials, house.taxonomy, house.clock
    )
    return edits.schedule(material.id, at, by="li", **changed)


def test_what_goes_out_after_the_moment_says_the_scheduled_though_nobody_settled_it(
    any_house, clock
):
    account, material = any_house.account(), any_house.material()
    scheduled(any_house, material, clock() + HOUR, title="新的一年", body="<p>从今天起</p>")
    early = any_house.placed(material, account, hours=(-1, 5))
    any_house.work()
    late = any_house.placed(material, any_house.account("second"), hours=(1, 5))
    clock.move(HOUR)
    any_house.work()
    before, after = (any_house.board.up[each] for each in any_house.board.shown)
    assert (before.title, after.title) == (material.title, "新的一年")
    assert "从今天起" in after.body
    assert [only(any_house, each).number for each in (early, late)] == [1, 2]


def test_a_message_that_leaves_after_the_moment_says_the_scheduled(house, app, clock):
    material = house.material()
    house.placed(material, app, hours=(-1, 9))
    scheduled(house, material, clock() + HOUR, title="新的一年")
    send(house, app, material=material.id, at=clock() + 2 * HOUR)
    clock.move(2 * HOUR)
    house.work()
    (message,) = house.inbox.page([HER]).items
    assert message.title == "新的一年"


def test_one_that_waits_for_its_reviews_at_its_moment_goes_out_as_it_was_approved(house, oa, clock):
    material = house.material()
    Policies(house.records, house.changes).set(material.type, steps=1, by="li")
    reviews = Reviews(house.records, house.changes, clock)
    reviews.submit(material.id, by="li")
    reviews.approve(material.id, by="wang")
    edit = scheduled(house, material, clock() + HOUR, title="没审过的标题")
    house.placed(material, oa, hours=(2, 5))
    clock.move(2 * HOUR)
    house.work()
    (key,) = house.board.shown
    assert house.board.up[key].title == material.title
    assert edit.effective is None
