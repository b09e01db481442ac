"""Who is in a segment follows from what happens, from what people decide, and from time alone."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from data_hub.invariants import standing_flaws
from data_hub.retention import Retention, periods
from data_hub.segments import Member, Membership, Preview
from data_hub.segments import previewing as previewing_module
from data_hub.standings import Transition
from data_hub.taking_back import TakingBack
from kernel.errors import Conflict, Invalid
from tests.data_hub.telling import MONDAY, event, mobile, openid, user

DAY = timedelta(days=1)
MINUTES = 24 * 60


@pytest.fixture
def hub(hub, clock):
    clock.move(MONDAY - clock())
    return hub


def found(hub, *kinds):
    return [
        (each.kind, each.customer, each.evidence.get("segment", ""))
        for each in hub.findings.after(0, 5_000) if each.kind in kinds
    ]  # fmt: skip


def moved(hub):
    return found(hub, "entered_segment", "left_segment")


def test_membership_follows_the_event_and_is_told_once(hub):
    segment = hub.segments.create("想买的", rule="did asked_quote >= 2 in 7d", by="li")
    hub.settle()
    hub.tell(event("asked_quote", user("u1")))
    assert hub.members(segment.id) == set()
    hub.tell(event("asked_quote", user("u1"), minutes=5))

    her = hub.id_of(user("u1"))
    assert hub.members(segment.id) == {her}
    assert hub.segments.count(segment.code) == 1
    assert moved(hub) == [("entered_segment", her, segment.id)]
    hub.digest.rebuild()
    hub.settle()
    assert hub.members(segment.id) == {her}
    assert moved(hub) == [("entered_segment", her, segment.id)]


def test_who_was_in_and_turns_out_to_be_an_older_customer_does_not_enter_again(hub):
    segment = hub.segments.create("看过的", rule="did opened_link >= 1 in 7d", by="li")
    hub.settle()
    hub.tell(event("viewed_page", user("u1")), event("opened_link", openid("o1"), minutes=1))
    assert [kind for kind, *_ in moved(hub)] == ["entered_segment"]

    hub.tell(
        event("identified", user("u1"), mobile(), minutes=2),
        event("identified", openid("o1"), mobile(), minutes=3),
    )  # fmt: skip
    her = hub.id_of(user("u1"))
    assert hub.id_of(openid("o1")) == her
    assert hub.members(segment.id) == {her}
    assert [kind for kind, *_ in moved(hub)] == ["entered_segment"]


def test_who_is_known_by_an_older_handle_is_still_who_she_was(hub, clock):
    """A past that comes in later may tell of an older handle: her id is another then."""
    segment = hub.segments.create("看过", rule="did opened_link", by="li")
    hub.settle()
    hub.tell(event("opened_link", user("u1")), event("bought", user("u1"), minutes=1))
    before = hub.id_of(user("u1"))
    stood = sorted(hub.kinds_found())
    hub.tell(
        event("viewed_page", openid("o1"), minutes=-90),
        event("identified", openid("o1"), user("u1"), minutes=-80),
    )
    her = hub.id_of(user("u1"))
    assert her != before
    assert hub.members(segment.id) == {her}
    carried = ["carried_into_segment", "carried_out_of_segment"]
    assert sorted(hub.kinds_found()) == sorted(stood + carried), "she moved nowhere"
    nodes = select(Transition.after).where(Transition.what == "node")
    with hub.people.read() as session:
        assert list(session.scalars(nodes)) == ["convert"]


@pytest.mark.parametrize("first", [0, 1])
def test_who_turns_out_to_be_somebody_who_is_not_in_has_left(hub, first):
    segment = hub.segments.create("只看", rule="did opened_link and not did bought", by="li")
    hub.settle()
    read, paid = ("opened_link", openid("o1")), ("bought", user("u1"))
    hub.tell(*(event(*each, minutes=n) for n, each in enumerate([read, paid][:: 1 - 2 * first])))
    hub.tell(event("identified", user("u1"), openid("o1"), minutes=2))
    assert hub.members(segment.id) == set()
    assert [kind for kind, *_ in moved(hub)] == ["entered_segment", "left_segment"]


def one_and_two(hub, *events):
    """Two are taken for one, do something, and are two again."""
    hub.tell(event("identified", user("u1"), openid("o1"), minutes=2))
    hub.tell(*events)
    hub.identities.decisions.retract(user("u1"), openid("o1"), by="li")
    hub.settle()


def test_two_who_are_two_again_enter_what_they_are_in_once(hub):
    segment = hub.segments.create("看过", rule="did opened_link", by="li")
    hub.settle()
    hub.tell(event("opened_link", user("u1")), event("opened_link", openid("o1"), minutes=1))
    one_and_two(hub)
    one, two = hub.id_of(user("u1")), hub.id_of(openid("o1"))
    assert hub.members(segment.id) == {one, two}
    entered = [("entered_segment", each, segment.id) for each in (one, two)]
    assert moved(hub) == entered


def test_two_who_were_in_before_anything_was_told_are_so_when_they_are_two_again(hub):
    hub.tell(event("opened_link", user("u1")), event("opened_link", openid("o1"), minutes=1))
    segment = hub.segments.create("看过", rule="did opened_link", by="li")
    hub.settle()
    one_and_two(hub)
    assert hub.members(segment.id) == {hub.id_of(user("u1")), hub.id_of(openid("o1"))}
    assert moved(hub) == []


def test_what_one_of_two_entered_while_they_were_one_is_told_of_who_did_it(hub):
    segment = hub.segments.create("看过", rule="did opened_link", by="li")
    hub.settle()
    hub.tell(event("viewed_page", user("u1")), event("viewed_page", openid("o1"), minutes=1))
    one_and_two(hub, event("opened_link", openid("o1"), minutes=3))
    one, two = hub.id_of(user("u1")), hub.id_of(openid("o1"))
    assert hub.members(segment.id) == {two}
    assert [each[:2] for each in moved(hub)[:1]] == [("entered_segment", one)]
    assert sorted(each[:2] for each in moved(hub)[1:]) == [
        ("entered_segment", two), ("left_segment", one)
    ]  # fmt: skip


def test_who_left_while_she_was_part_of_another_enters_when_she_is_herself_again(hub):
    segment = hub.segments.create("只看", rule="did opened_link and not did bought", by="li")
    hub.settle()
    hub.tell(event("viewed_page", user("u1")), event("opened_link", openid("o1"), minutes=1))
    one_and_two(hub, event("bought", user("u1"), minutes=3))
    one, two = hub.id_of(user("u1")), hub.id_of(openid("o1"))
    assert hub.members(segment.id) == {two}
    assert [each[:2] for each in moved(hub)] == [
        ("entered_segment", two), ("left_segment", one), ("entered_segment", two)
    ]  # fmt: skip


def test_time_alone_moves_her_out_and_in(hub, clock):
    lately = hub.segments.create("最近看过", rule="did opened_link in 7d", by="li")
    silent = hub.segments.create("沉默", rule="silent for 10d", by="li")
    hub.settle()
    hub.tell(event("opened_link", user("u1")))
    her = hub.id_of(user("u1"))
    assert (hub.members(lately.id), hub.members(silent.id)) == ({her}, set())

    clock.move(6 * DAY)
    hub.settle()
    assert hub.members(lately.id) == {her}
    clock.move(DAY)  # past local midnight of the eighth day
    hub.settle()
    assert hub.members(lately.id) == set()
    clock.move(3 * DAY - timedelta(seconds=1))
    hub.settle()
    assert hub.members(silent.id) == set()
    clock.move(timedelta(seconds=1))
    hub.settle()
    assert hub.members(silent.id) == {her}
    assert [kind for kind, *_ in moved(hub)] == [
        "entered_segment", "left_segment", "entered_segment"
    ]  # fmt: skip


def test_who_is_paid_back_has_not_spent_it(hub):
    segment = hub.segments.create("大额", rule="spent >= 100 in 30d", by="li")
    hub.settle()
    paid = {"amount": 150, "order_id": "A1"}
    hub.tell(event("bought", user("u1"), detail=paid))
    assert hub.members(segment.id) == {hub.id_of(user("u1"))}
    hub.tell(event("refunded", user("u1"), minutes=9, detail=paid | {"amount": 60}))
    assert hub.members(segment.id) == set()
    assert [kind for kind, *_ in moved(hub)] == ["entered_segment", "left_segment"]


def test_a_segment_that_was_just_made_fills_up_without_telling_anybody(hub):
    hub.tell(*(event("opened_link", user(f"u{n}")) for n in range(5)))
    made = hub.segments.create("看过", rule="did opened_link", by="li")
    assert not hub.segments.sizes([made.id])[made.id].ready
    hub.settle()

    assert len(hub.members(made.id)) == 5
    assert hub.segments.sizes([made.id])[made.id].ready
    assert moved(hub) == []
    hub.segments.edit(made.id, rule="did opened_link >= 2", by="li")
    hub.settle()
    assert hub.members(made.id) == set()


def test_lists_and_what_asks_of_them_follow_who_is_put_on(hub):
    listed = hub.segments.create("黑名单", code="blacklist", by="li")
    rest = hub.segments.create("其余", rule='did opened_link and not in "blacklist"', by="li")
    hub.tell(event("opened_link", user("u1")), event("opened_link", user("u2")))
    hub.settle()
    one, two = hub.id_of(user("u1")), hub.id_of(user("u2"))
    assert hub.members(rest.id) == {one, two}

    assert hub.segments.put("blacklist", [user("u1"), user("u1")], by="li") == 1
    assert hub.segments.put("blacklist", [user("u1")], by="li") == 0
    hub.settle()
    assert (hub.members(listed.id), hub.members(rest.id)) == ({one}, {two})
    assert hub.segments.take("blacklist", [user("u1"), user("u9")], by="li") == 1
    hub.settle()
    assert (hub.members(listed.id), hub.members(rest.id)) == (set(), {one, two})
    with pytest.raises(Conflict):
        hub.segments.retire("blacklist", by="li")


def test_many_put_on_a_list_at_once_are_all_in(hub):
    hub.tell(*(event("opened_link", user(f"u{n}")) for n in range(250)))
    hub.segments.create("名单", code="names", by="li")
    hub.segments.put("names", [user(f"u{n}") for n in range(250)], by="li")
    hub.settle()

    first = hub.segments.members("names", limit=200)
    rest = hub.segments.members("names", after=first[-1], limit=200)
    assert len(first) == 200
    assert len({*first, *rest}) == 250


def test_of_many_who_are_put_on_a_list_at_once_each_is_told(hub):
    """As of few: but everybody is asked again for them, and they are no new line."""
    names = hub.segments.create("名单", code="names", by="li")
    rest = hub.segments.create("其余", rule='did opened_link and not in "names"', by="li")
    them = [user(f"u{n}") for n in range(201)]
    hub.tell(*(event("opened_link", her) for her in them))
    hub.settle()
    before = len(moved(hub))
    hub.segments.put("names", them, by="li")
    hub.settle()
    assert (hub.segments.count("names"), hub.segments.count(rest.id)) == (201, 0)
    told = moved(hub)[before:]
    assert sorted(told) == sorted(
        each for her in map(hub.id_of, them)
        for each in (("entered_segment", her, names.id), ("left_segment", her, rest.id))
    )  # fmt: skip


def test_who_moves_while_the_past_is_folded_again_is_told_of(hub):
    """What came in before it began, and what comes in until everybody was asked."""
    segment = hub.segments.create("买过", rule="did bought", by="li")
    hub.tell(*(event("viewed_page", user(f"u{n}")) for n in range(3)))
    hub.settle()
    hub.history.put([event("bought", user("u0"), minutes=1)], upto=900)
    late = [event("bought", user("u1"), minutes=2)]
    hub.digest.rebuild(lambda _: late and hub.history.put([late.pop()], upto=901))
    hub.settle()
    told = [("entered_segment", hub.id_of(user(f"u{n}")), segment.id) for n in (0, 1)]
    assert sorted(moved(hub)) == sorted(told)
    hub.digest.rebuild()
    hub.settle()
    assert sorted(moved(hub)) == sorted(told)


def test_who_is_known_by_what_was_let_go_of_is_who_she_was_once_the_past_is_folded_again(
    hub, records, people, clock
):
    """What told of her oldest handle is kept no longer, and names her still."""
    segment = hub.segments.create("买过", rule="did bought", by="li")
    hub.settle()
    hub.tell(
        event("viewed_page", mobile(), minutes=-50 * MINUTES),
        event("bought", user("u1"), minutes=-10 * MINUTES),
        event("identified", user("u1"), mobile(), minutes=-9 * MINUTES),
    )  # fmt: skip
    before, told = hub.id_of(user("u1")), hub.kinds_found()
    Retention(
        hub.history,
        people,
        hub.profiles,
        hub.digest,
        hub.emptying,
        clock,
        days=periods("browsing=30"),
    ).run()
    hub.digest.rebuild()
    hub.settle()
    assert hub.id_of(user("u1")) == before == hub.id_of(mobile())
    assert hub.members(segment.id) == {before}
    assert hub.kinds_found() == told
    assert list(standing_flaws(records, people)) == []


def test_a_round_that_another_broke_off_is_gone_on_with(hub, people, clock):
    """Whoever began to ask everybody again may be another process, and dead by now."""
    segment = hub.segments.create("买过", rule="did bought", by="li")
    hub.tell(event("viewed_page", user("u1")))
    hub.settle()
    with people.write("digest") as session:
        session.add(Member(segment=segment.id, customer=hub.id_of(user("u1")), since=MONDAY))
    Membership(hub.segments, people, clock).fill_all()
    hub.settle()
    assert hub.members(segment.id) == set()


def test_whose_time_comes_while_everybody_is_asked_is_told_of(hub, clock, monkeypatch):
    """The look that finds her is the round's, because she was not due yet when it began."""
    hub.segments.create("最近买过", rule="did bought in 7d", by="li")
    hub.tell(event("bought", user("u1"), detail={"amount": 9}))
    hub.settle()
    hub.segments.create("新建的", rule="vip", by="li")
    clock.move(400 * DAY)
    with monkeypatch.context() as patched:
        patched.setattr(hub.standings, "due", lambda limit: [])
        hub.settle()
    hub.settle()
    assert {"left_segment", "moved_stage"} <= set(hub.kinds_found())


def test_how_many_were_in_is_told_with_what_people_did_to_a_segment(hub):
    segment = hub.segments.create("看过", rule="did opened_link", code="seen", by="li")
    hub.tell(event("opened_link", user("u1")), event("opened_link", user("u2")))
    hub.settle()
    told = len(moved(hub))
    hub.segments.edit("seen", name="看过的", rule="did opened_link", by="li")
    assert hub.segments.sizes([segment.id])[segment.id].ready, "it reads as before"
    hub.segments.edit("seen", rule="did bought", by="li")
    hub.settle()
    for _ in range(2):
        hub.segments.retire("seen", by="wang")
        hub.settle()
    history = hub.segments.history("seen")
    assert [(each.act, each.by, each.detail.get("members")) for each in history] == [
        ("retired_segment", "wang", 0), ("edited_segment", "li", 2), ("edited_segment", "li", None),
        ("made_segment", "li", None),
    ]  # fmt: skip
    assert len(moved(hub)) == told, "people moved the line, and not she"


def test_who_enters_and_leaves_because_of_what_is_kept_no_longer_is_told_of(hub, people, clock):
    """Also of whom nothing is left: retention leaves her handle, a file that is taken back none."""
    seen = hub.segments.create("看过", rule="did viewed_page", by="li").id
    never = hub.segments.create("没看过", rule="not did viewed_page", by="li").id
    hub.settle()
    hub.tell(
        event("viewed_page", user("both"), minutes=-40 * MINUTES),
        event("bought", user("both")), event("viewed_page", user("one"), minutes=-40 * MINUTES),
        event("viewed_page", user("file"), id="row"),
        event("viewed_page", user("file2"), id="row2"), event("bought", user("file2")),
    )  # fmt: skip
    both, one, file, file2 = (hub.id_of(user(name)) for name in ("both", "one", "file", "file2"))
    before = len(moved(hub))
    Retention(
        hub.history,
        people,
        hub.profiles,
        hub.digest,
        hub.emptying,
        clock,
        days=periods("browsing=30"),
    ).run()
    rows = {n: each for n, each in hub.history.after(0, 99) if each.id.startswith("row")}
    TakingBack(hub.history, people, hub.digest).take(rows)
    hub.settle()
    assert hub.members(seen) == set()
    assert hub.members(never) == {both, file2}
    assert sorted(moved(hub)[before:]) == sorted([
        *(("left_segment", her, seen) for her in (both, one, file, file2)),
        *(("entered_segment", her, never) for her in (both, file2)),
    ])  # fmt: skip


def test_two_who_turn_out_to_be_one_enter_nothing_that_one_of_them_was_in(hub):
    segment = hub.segments.create("看过", rule="did opened_link", by="li")
    hub.settle()
    hub.tell(event("opened_link", openid("o1")), event("viewed_page", user("u1")))
    before = moved(hub)
    hub.tell(event("identified", openid("o1"), mobile(), minutes=3),
             event("identified", user("u1"), mobile(), minutes=4))  # fmt: skip

    assert hub.members(segment.id) == {hub.id_of(mobile())}
    assert moved(hub) == before
    assert hub.standings.rows([hub.id_of(mobile())])


def test_tags_take_in_what_lies_under_them_and_fade(hub, clock):
    hub.topics.tags = {"mat_1": ["tag_child"]}
    hub.topics.names = {"care": {"tag_care", "tag_child"}}
    segment = hub.segments.create("养老", rule='tag "care" >= 1', by="li")
    hub.settle()
    hub.tell(event("read_material", user("u1"), material="mat_1"))
    assert len(hub.members(segment.id)) == 1

    clock.move(14 * DAY + timedelta(seconds=5))
    hub.settle()
    assert hub.members(segment.id) == set()
    with pytest.raises(Invalid):
        hub.segments.create("错", rule="tag nothing >= 1", by="li")


def test_what_she_is_and_allows_counts(hub):
    hub.tell(
        event("identified", user("u1"), detail={"traits": {"city": "上海", "risk_level": "C3"}}),
        event("policy_issued", user("u1"), minutes=1,
              detail={"policy": "P1", "category": "insurance", "due": "2026-03-20"}),
        event("opted_out", user("u1"), minutes=2, account="juzhen",
              detail={"consent": "marketing", "channel": "app"}),
        event("opted_out", user("u1"), minutes=3, account="juzhen",
              detail={"consent": "personalisation"}),
    )  # fmt: skip
    rules = {
        'trait city = "上海" and risk in (C3, C4)': True, 'holds "insurance" due in 30d': True,
        "holds due in 7d": False, "consent marketing on app": False, "consent marketing": True,
        "stage = active": True, "node = acquire": True, "held or vip": False,
        "consent service": True, "consent service on app": True,
        "consent personalisation on app": False,
        'trait city contains "海"': True, "trait age >= 1": False,
    }  # fmt: skip
    made = {rule: hub.segments.create(rule, rule=rule, by="li").id for rule in rules}
    hub.settle()

    assert {rule: bool(hub.members(id_)) for rule, id_ in made.items()} == rules


def test_it_says_why_she_is_in(hub):
    segment = hub.segments.create("想买", rule="did asked_quote >= 2 in 7d and not vip", by="li")
    hub.tell(event("asked_quote", user("u1")), event("asked_quote", user("u1"), minutes=1))
    hub.settle()

    told = hub.previews.explain(segment.id, hub.id_of(user("u1")), "zh")
    assert told.inside
    assert [(each.holds, each.text) for each in told.because] == [
        (True, "did asked_quote >= 2 in 7d"), (False, "vip")
    ]  # fmt: skip
    assert told.because[0].sentence.strip() == "试算了方案：近 7 天 2 次"
    assert told.because[0].sentence != hub.previews.explain(
        segment.id, hub.id_of(user("u1")), "en"
    ).because[0].sentence  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "zh", "en"),
    [
        ("did bought", "购买了：不限时间 1 次", "bought: 1 time at any time"),
        ("did asked_quote then bought within 2h in 7d",
         "先后：试算了方案 → 购买了，2 小时之内（近 7 天）",
         "One after the other: asked for a quote → bought, within 2 hours (within 7 days)"),
        ("spent >= 5", "消费 80（不限时间）", "Spent 80 at any time"),
        ("node = convert", "运营节点 现在为 转化", "funnel node is convert now"),
        ("stage = active", "生命周期阶段 现在为 活跃", "lifecycle stage is active now"),
        ("grade = A", "ABCDE 等级 现在为 A", "grade A to E is A now"),
    ],
)  # fmt: skip
def test_why_is_said_in_words_and_not_in_codes(hub, clock, rule, zh, en):
    clock.move(MONDAY + timedelta(hours=1) - clock())
    hub.tell(
        event("asked_quote", user("u1")),
        event("bought", user("u1"), minutes=1, detail={"amount": 80}),
    )
    segment = hub.segments.create("why", rule=rule, by="li")
    hub.settle()
    for tongue, said in (("zh", zh), ("en", en)):
        told = hub.previews.explain(segment.id, hub.id_of(user("u1")), tongue)
        assert told.because[0].sentence.strip() == said


def test_a_preview_counts_small_companies_whole_and_asks_a_sample_of_large_ones(hub):
    hub.tell(*(event("bought" if n % 4 == 0 else "viewed_page", user(f"u{n}")) for n in range(200)))
    whole = hub.previews.preview("did bought")
    assert (whole.count, whole.exact, whole.margin, whole.total) == (50, True, 0, 200)
    assert len(whole.examples) == 10

    sampled = hub.previews.preview("did bought", most=100)
    assert isinstance(sampled, Preview)
    assert not sampled.exact
    assert abs(sampled.count - 50) <= 2 * sampled.margin
    assert previewing_module.SAMPLE >= 1_000
    with pytest.raises(Invalid):
        hub.previews.preview("in nobody")


def test_names_and_codes_are_checked_and_a_retired_segment_has_nobody(hub):
    hub.tell(event("opened_link", user("u1")))
    made = hub.segments.create(" 看过  的 ", rule="did opened_link", code="seen", by="li")
    assert made.name == "看过 的"
    with pytest.raises(Conflict):
        hub.segments.create("另一个", rule="vip", code="seen", by="li")
    with pytest.raises(Invalid):
        hub.segments.create("  ", rule="vip", by="li")
    with pytest.raises(Invalid):
        hub.segments.create("问自己", rule="in nobody", by="li")
    with pytest.raises(Conflict):
        hub.segments.edit("seen", rule="not in seen", by="li")
    with pytest.raises(Invalid):
        hub.segments.put("seen", [user("u1")], by="li")
    hub.settle()
    assert hub.segments.count("seen") == 1

    hub.segments.retire("seen", by="li")
    hub.settle()
    assert hub.segments.members("seen") == []
    assert [each.id for each in hub.segments.all()] == []
    assert hub.segments.page(count=True).total == 0
    why = hub.previews.explain("seen", hub.id_of(user("u1")), "zh")
    assert (why.inside, why.because) == (False, ())


def test_who_read_the_rules_before_undoes_no_fill_of_who_read_later(hub, people, clock):
    hub.tell(event("bought", user("u1"), detail={"amount": 1}))
    hub.segments.create("最先", rule="vip", by="li")
    hub.settle()
    slow, read, made = Membership(hub.segments, people, clock), hub.segments.book, []

    def late():
        book = read()
        if not made:
            made.append(hub.segments.create("买过", rule="did bought", code="new", by="li"))
            hub.settle()
        return book

    hub.segments.book = late
    slow.book()
    hub.settle()

    assert made[0].id in {each.id for each in slow.current.entries}
    assert hub.segments.sizes([made[0].id])[made[0].id].ready
    assert hub.segments.count("new") == 1


def test_the_same_tables_serve_on_every_engine(any_hub, clock):
    clock.move(MONDAY - clock())
    segment = any_hub.segments.create("看过", rule="did opened_link in 7d", code="seen", by="li")
    names = any_hub.segments.create("名单", by="li")
    any_hub.segments.put(names.id, [user("u1")], by="li")
    any_hub.tell(event("opened_link", user("u1")), event("opened_link", user("u2")))
    any_hub.settle()
    assert (len(any_hub.members(segment.id)), len(any_hub.members(names.id))) == (2, 1)

    clock.move(8 * DAY)
    any_hub.settle()
    assert any_hub.members(segment.id) == set()
    assert any_hub.previews.preview("did opened_link").count == 2


def test_who_was_asked_already_while_a_changed_rule_fills_is_told_of(hub):
    segment = hub.segments.create("看过", rule="did bought", by="li")
    hub.tell(*(event("viewed_page", user(f"u{n}")) for n in range(6)))
    hub.segments.edit(segment.id, rule="did searched", by="li")
    for some in (3, 2):
        hub.digest.look(some)
    asked = {hub.id_of(user(f"u{n}")): user(f"u{n}") for n in range(6)}
    hub.history.put([event("searched", her, minutes=1) for her in asked.values()], upto=999)
    hub.settle()
    assert hub.members(segment.id) == asked.keys()
    told = [("entered_segment", each, segment.id) for each in sorted(asked)[:5]]
    assert sorted(moved(hub)) == told


def test_who_leaves_while_a_changed_rule_fills_is_told_of_to_nobody(hub):
    segment = hub.segments.create("看过", rule="did viewed_page", by="li")
    hub.tell(event("viewed_page", user("u1")), event("searched", user("u2")))
    hub.settle()
    hub.segments.edit(segment.id, rule="did searched", by="li")
    hub.tell(event("opened_link", user("u1"), minutes=1))
    assert hub.members(segment.id) == {hub.id_of(user("u2"))}
    assert not {"left_segment"} & set(hub.kinds_found())


@pytest.mark.parametrize(
    ("rule", "inside"),
    [
        ("did asked_quote in 3d", False), ("did asked_quote in 4d", True),
        ("did asked_quote then bought within 2h", True),
        ("did asked_quote then bought within 1h", False),
        ("did bought then bought in 30d", False), ("did bought then asked_quote in 30d", False),
        ('did read_material of "m1"', True), ('did liked_material of "m1"', False),
        ("spent >= 100 in 30d", False), ("spent >= 100", True),
        ("silent for 3d", True), ("silent for 4d", False),
        ('holds "insurance" due in 30d', False), ('holds "insurance"', True),
        ('holds "gone"', False), ("risk = C3", False), ("risk = C4", False),
        ('trait age contains "4"', False), ('trait city contains "海"', True),
        ("near 31.23, 121.47 within 1000m in 24h", False),
        ("near 31.23, 121.47 within 1000m in 96h", True),
        ("near 31.23, 121.4825 within 1200m in 96h", True),
        ("near 31.23, 121.4825 within 1150m in 96h", False),
    ],
)  # fmt: skip
def test_every_condition_at_its_edge(hub, clock, rule, inside):
    """She did it all on Monday; it is asked on Thursday."""
    clock.move(MONDAY - clock())
    traits = {"age": 40, "city": "上海", "risk_level": "C3", "risk_valid_until": "2026-03-03"}
    policy = {"policy": "P1", "category": "insurance", "due": "2026-02-20"}
    over = {"policy": "P2", "category": "gone", "matures": "2026-02-20"}
    her = user("u1")
    hub.tell(
        event("bought", her, minutes=-60 * 24 * 40, detail={"amount": 90}),
        event("identified", her, detail={"traits": traits}),
        event("policy_issued", her, detail=policy), event("policy_issued", her, detail=over),
        event("located", her, detail={"latitude": 31.23, "longitude": 121.47}),
        event("read_material", her, material="m1"),
        event("asked_quote", her), event("bought", her, minutes=90, detail={"amount": 80}),
        event("opened_link", her, minutes=120),
    )  # fmt: skip
    segment = hub.segments.create("edge", rule=rule, by="li")
    clock.move(timedelta(days=3, minutes=120))
    hub.settle()
    assert bool(hub.members(segment.id)) is inside
