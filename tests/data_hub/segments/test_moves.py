"""Entered and left, added up, is who is in: at any moment, whatever people turn out to be."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_hub.privacy import Privacy
from kernel.errors import Conflict, Invalid, NotFound
from kernel.secret import Secret
from stores.history import Fold
from stores.sqlite.journal import SqliteJournal
from tests.data_hub.telling import MONDAY, event, mobile, openid, user
from tests.sizes import sized

THEM = [user("a"), user("b"), openid("o"), mobile()]
COUNTS = {"entered_segment": 1, "carried_into_segment": 1,
          "left_segment": -1, "carried_out_of_segment": -1}  # fmt: skip
ACTS = ["link", "buy", "merge", "part", "undo", "erase", "rebuild", "late"]
LIVES = st.lists(
    st.tuples(st.sampled_from(ACTS), st.sampled_from(THEM), st.sampled_from(THEM)),
    min_size=2, max_size=9,
)  # fmt: skip


class Lives:
    """A few people to whom things happen, one after the other."""

    def __init__(self, hub, records, changes, folder):
        self.hub, self.ruled = hub, []
        self.journal = SqliteJournal(folder / "journal", durability="process")
        fold = Fold(self.journal, hub.history)
        self.privacy = Privacy(
            records, hub.people, hub.identities, self.journal, hub.history, fold, hub.digest,
            changes, hub.emptying, hub.echoes, key=Secret("ab" * 32),
        )  # fmt: skip
        self.segments = [
            hub.segments.create(rule, rule=rule, by="li").id
            for rule in ("did bought >= 2", "not did bought", "did viewed_page and not did bought")
        ]
        hub.settle()
        hub.tell(*(event(handle=her, minutes=-n) for n, her in enumerate(THEM)))

    def act(self, what, her, other, minutes):
        decisions = self.hub.identities.decisions
        match what:
            case "link":
                others = [other] if other != her else []
                self.hub.tell(event("identified", her, *others, minutes=minutes))
            case "buy":
                self.hub.tell(event("bought", her, minutes=minutes, detail={"amount": 1}))
            case "late":
                self.hub.tell(event("viewed_page", her, minutes=-minutes * 10))
            case "merge":
                self.ruled.append(decisions.merge(her, other, by="li"))
            case "part":
                self.ruled.append(decisions.part(her, other, by="li"))
            case "undo" if self.ruled:
                decisions.undo(self.ruled.pop(), by="li")
            case "erase":
                self.privacy.erase(str(her), by="li")
            case "rebuild":
                decisions.merge(her, other, by="li")
                self.hub.digest.rebuild()

    def told(self, segment):
        """How often each id is in by what was told."""
        counted = Counter()
        for found in self.hub.findings.after(0, 9_999):
            if found.kind in COUNTS and found.evidence["segment"] == segment:
                counted[found.customer] += COUNTS[found.kind]
        return {her: times for her, times in counted.items() if times}

    def live(self, acts, clock):
        for minutes, (what, her, other) in enumerate(acts, 1):
            clock.move(timedelta(seconds=1))
            with suppress(Invalid, Conflict, NotFound):
                self.act(what, her, other, minutes)
            self.hub.settle()
            for segment in self.segments:
                inside = dict.fromkeys(self.hub.members(segment), 1)
                assert self.told(segment) == inside, (what, her, other)


@settings(
    max_examples=sized(25, 1_000), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(acts=LIVES)
def test_what_is_told_of_segments_adds_up_to_who_is_in(acts, fresh_hub, clock, tmp_path_factory):
    clock.now = MONDAY
    with fresh_hub() as hub:
        lives = Lives(hub, hub.records, hub.changes, tmp_path_factory.mktemp("lives"))
        lives.live(acts, clock)
        lives.journal.close()


def test_a_life_adds_up_on_every_engine(any_hub, any_records, any_changes, clock, tmp_path):
    """Both are in when they become one; she leaves as one, and they are two again."""
    clock.now = MONDAY
    a, b, o, number = THEM
    lives = Lives(any_hub, any_records, any_changes, tmp_path)
    lives.live(
        [
            ("link", a, o), ("buy", o, o), ("merge", a, b), ("undo", b, b), ("buy", b, b),
            ("link", b, number), ("rebuild", b, a), ("buy", b, b), ("part", b, a), ("late", b, b),
            ("merge", o, number), ("erase", a, a), ("buy", o, o), ("link", o, b), ("part", o, b),
            ("erase", o, o), ("rebuild", b, number), ("erase", b, b),
        ], clock,
    )  # fmt: skip
    lives.journal.close()


def test_who_becomes_one_while_the_past_is_folded_again_leaves_nobody_behind(any_hub):
    a, b, *_ = THEM
    lost = any_hub.segments.create("没买过", rule="not did bought", by="li").id
    any_hub.settle()
    any_hub.tell(event(handle=a), event(handle=b, minutes=1))
    any_hub.identities.decisions.merge(a, b, by="li")
    any_hub.digest.rebuild()
    any_hub.settle()
    assert any_hub.members(lost) == {any_hub.id_of(a)}
