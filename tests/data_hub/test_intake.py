"""What comes in is kept under our names, marked if a machine did it, or refused with a reason."""

from concurrent.futures import Future
from datetime import timedelta

import pytest

from data_hub.catalogue import KINDS, kind_of
from data_hub.intake import Intake, is_bot
from kernel.events import Refusal, unpack_any
from tests.data_hub.telling import MONDAY, event, user


class Commits:
    """Takes entries as the shared commit does, and keeps them to be looked at."""

    def __init__(self):
        self.kept = []

    def put(self, packed, **_):
        self.kept.append([unpack_any(each) for each in packed])
        done = Future()
        done.set_result(None)
        return done


@pytest.fixture
def commits():
    return Commits()


@pytest.fixture
def intake(commits, clock):
    return Intake(commits, clock)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Order Completed", "bought"),
        ("order_completed", "bought"),
        ("orderCompleted", "bought"),
        ("  Product  Viewed ", "viewed_product"),
        ("Material-Shared", "shared_material"),
        ("read_material", "read_material"),
        ("Read Material", "read_material"),
        ("Quiz Answered", "track.quiz_answered"),
        ("track.quiz_answered", "track.quiz_answered"),
        ("预约体检", "track.预约体检"),
        ("", "track.unnamed"),
        ("x" * 500, "track." + "x" * 80),
    ],
)
def test_a_name_in_any_spelling_is_a_kind(name, kind):
    assert kind_of(name).name == kind
    assert kind_of(kind).name == kind


@pytest.mark.parametrize(
    ("kind", "detail", "rest"),
    [
        ("viewed_page", {"properties": {"page": "/a", "latitude": 31.2, "longitude": 121.5}},
         {"properties": {"page": "/a"}}),
        ("identified", {"traits": {"city": "上海", "location": {"lat": 31.2, "lng": 121.5}}},
         {"traits": {"city": "上海"}}),
        ("app_opened", {"properties": {"$latitude": "31.2", "$longitude": "121.5", "$os": "iOS"}},
         {"name": "app_opened", "properties": {"$os": "iOS"}}),
        ("viewed_page", {"properties": {"$latitude": 31_200_000, "$longitude": 121_500_000.0,
                                        "$geo_coordinate_system": "WGS84", "$os": "iOS"}},
         {"properties": {"$os": "iOS"}}),
        ("messaged", {"MsgType": "location", "Location_X": "31.2", "Location_Y": "121.5",
                      "Scale": "20", "Label": "上海市黄浦区某路 1 号"}, {"MsgType": "location"}),
    ],
)  # fmt: skip
def test_where_she_was_is_an_event_of_its_own_whatever_act_told_it(
    intake, commits, kind, detail, rest
):
    intake.take([event(kind, user("u1"), id="e1", detail=detail)])
    [[act, there]] = commits.kept
    assert (act.id, act.detail) == ("e1", rest)
    assert (there.kind, there.handle, there.at, there.account) == (
        "located", user("u1"), act.at, act.account,
    )  # fmt: skip
    assert (there.id, there.detail["latitude"], there.detail["longitude"]) == (
        "e1:place", 31.2, 121.5,
    )  # fmt: skip
    intake.take([event(kind, user("u1"), id="e1", detail=detail)])
    assert [each.id for each in commits.kept[1]] == ["e1", "e1:place"]  # so a repeat is a repeat


@pytest.mark.parametrize(("said", "system"), [("GCJ02", "gcj02"), ("WGS84", None), (7, None)])
def test_a_place_in_the_degrees_of_maps_says_so(intake, commits, said, system):
    """神策's mini-program plugin get-location tells either."""
    told = {"$latitude": 31.2e6, "$longitude": 121.5e6, "$geo_coordinate_system": said}
    intake.take([event("viewed_page", user("u1"), detail={"properties": told})])
    [[act, there]] = commits.kept
    assert (act.detail, there.detail.get("system")) == ({"properties": {}}, system)


@pytest.mark.parametrize(
    "detail",
    [
        {"properties": {"location": "上海"}}, {"properties": {"latitude": 31.2}},
        {"properties": {"lat": "north", "lng": 3}},
        {"properties": {"latitude": 91, "longitude": 2}},
        {"properties": {"$latitude": 91_000_000, "$longitude": 2_000_000}},
    ],
)  # fmt: skip
def test_what_is_no_place_stays_where_it_stands(intake, commits, detail):
    intake.take([event("viewed_page", user("u1"), detail=detail)])
    [[act]] = commits.kept
    assert act.detail == detail


def test_what_wechat_reports_of_her_place_is_one_that_can_be_measured(intake, commits):
    told = {"Event": "LOCATION", "Latitude": "23.137", "Longitude": "113.352", "Precision": "65.0"}
    intake.take([event("located", user("u1"), detail=told)])
    [[kept]] = commits.kept
    assert kept.detail == {"Event": "LOCATION", "latitude": 23.137, "longitude": 113.352}


def test_every_kind_is_named_in_both_languages():
    for kind in KINDS.values():
        assert kind.label("zh")
        assert kind.label("en")
        assert kind.owner in {"customer", "house", "system"}


def test_events_and_refusals_of_one_request_share_one_commit(intake, commits):
    refused = Refusal(at=MONDAY, door="segment", reason="handle_is_missing")
    intake.take([event("Order Completed", user("u1"))], [refused])

    [[taken, kept]] = commits.kept
    assert taken.kind == "bought"
    assert kept == refused


@pytest.mark.parametrize("deep", [260, 2_000])
def test_what_lies_too_deep_to_be_kept_is_refused_and_keeps_no_neighbour_out(commits, clock, deep):
    nested = None
    for _ in range(deep):
        nested = [nested]
    counted = []
    intake = Intake(commits, clock, counted=lambda *told: counted.append(told))
    told = [event("read_material", user("u1"), detail={"x": nested}), event("bought", user("u1"))]
    intake.take(told, door="callback")

    [[taken, refused]] = commits.kept
    assert taken.kind == "bought"
    assert (refused.door, refused.reason, refused.at) == ("callback", "nested_too_deep", clock())
    assert refused.sample == f"read_material {told[0].id}"
    assert counted == [("callback", 1, 1)]


def test_an_event_is_stamped_with_its_arrival_unless_it_has_one(intake, commits, clock):
    clock.move(timedelta(hours=1))
    intake.take(
        [event("viewed_page", user("u1"), received=None), event("liked_material", user("u1"))]
    )

    [[stamped, kept]] = commits.kept
    assert stamped.received == clock()
    assert kept.received == MONDAY


def test_an_unknown_name_is_kept_as_it_was_told(intake, commits):
    intake.take([event("Quiz Answered", user("u1"), detail={"right": True})])

    [[taken]] = commits.kept
    assert taken.detail == {"right": True, "name": "Quiz Answered"}


@pytest.mark.parametrize(
    ("agent", "bot"),
    [
        ("Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.47", False),
        ("Mozilla/5.0 (compatible; Baiduspider/2.0)", True),
        ("Mozilla/5.0 (X11) HeadlessChrome/130.0", True),
        ("curl/8.5.0", True),
        ("", False),
        (None, False),
    ],
)
def test_machines_that_pretend_to_read_are_marked(intake, commits, agent, bot):
    assert is_bot(agent) is bot
    intake.take([event("opened_link", user("u1"), detail={"user_agent": agent})])

    [[taken]] = commits.kept
    assert taken.detail.get("bot", False) is bot
    assert taken.kind == ("fetched_by_machine" if bot else "opened_link")
    assert taken.detail.get("as") == ("opened_link" if bot else None)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ('{"lat": 31.2, "lng":"-121.5", "n": 7}', '{"lat": *, "lng":"*", "n": 7}'),
        ('{"d": "{\\"$latitude\\":31234560}"', '{"d": "{\\"$latitude\\":*}"'),
        ("<Latitude>23.1</Latitude><Scale>20</Scale>", "<Latitude>*</Latitude><Scale>20</Scale>"),
        ("lat 31.2", "lat 31.2"),
    ],
)
def test_the_sample_of_what_was_refused_tells_no_place(intake, commits, sent, kept):
    """It stays for as long as its sort is told of, places go after thirty days."""
    intake.refuse([Refusal(at=MONDAY, door="segment", reason="odd", sample=sent)])
    [[told]] = commits.kept
    assert told.sample == kept


def test_nothing_to_keep_is_no_commit(intake, commits):
    intake.take([])
    assert commits.kept == []
