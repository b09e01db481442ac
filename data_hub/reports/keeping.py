"""Keeping reports (报表取数): asks history and the standings, and tells each report the same way.

Writes nothing. Which accounts there are, its asker says: the hub knows no channels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import date, timedelta

from sqlalchemy import func, select

from data_hub import groups
from data_hub.ad_quality import GRADES, AdQuality, Quality, summed
from data_hub.deeds import Deeds, deeds
from data_hub.identities import Identities
from data_hub.leaderboards import COUNTED, Leaderboards, Period, Ranking
from data_hub.measures.retention import WEEKS, retention
from data_hub.profiles import Profiles
from data_hub.reports import journeys, reps, traffic
from data_hub.reports.base import Alert, Cell, Column, End, Ends, Report, share
from data_hub.standings import StandingRow
from data_hub.terms import Alarms
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.events import Event
from kernel.wording import LANGUAGES, say
from stores.history import History
from stores.records import Records

WINDOW = 30
_SAMPLE = 5_000
_FIGURES = 10_000
"""So many daily counts of platforms are read at most, the latest."""
_BOARDS = tuple(f"board_{ranking}_{period}" for ranking in Ranking for period in Period)
CODES = (
    *_BOARDS, "quality", "quality_week", "tiers", "reach", "groups", "landing", "sources", "chain",
    "latency", "retention", "reps", "traffic",
)  # fmt: skip
OF_CUSTOMERS = ("tiers", "reach", "retention")
"""They count customers, who may be in several ecosystems; the others count what happened in one."""


def _text(name: str) -> Column:
    return Column(name, "text")


class Reports:
    """Every report there is."""

    def __init__(
        self,
        history: History,
        people: Records,
        identities: Identities,
        profiles: Profiles,
        ads: AdQuality,
        leaderboards: Leaderboards,
        vips: Callable[[Collection[str]], Collection[str]],
        clock: Clock,
        *,
        zone: Zone | None = None,
        install_reward: float = 0.0,
        alarms: Alarms | None = None,
    ) -> None:
        """``install_reward``: what a rep is promised for each customer she leads to the app."""
        self._install_reward = install_reward
        self._alarms = alarms or Alarms()
        self._history = history
        self._people = people
        self._identities = identities
        self._profiles = profiles
        self._ads = ads
        self._leaderboards = leaderboards
        self._vips = vips
        self._clock = clock
        self._zone = zone or Zone()
        self._told: dict[str, Callable[[str, Ends], Report]] = dict.fromkeys(_BOARDS, self._board)
        self._told |= {
            "quality": self._quality, "quality_week": self._quality, "tiers": self._tiers,
            "reach": self._reach, "groups": self._groups, "landing": self._landing,
            "sources": self._sources, "chain": self._chain, "latency": self._latency,
            "retention": self._retention, "reps": self._reps, "traffic": self._traffic,
        }  # fmt: skip

    def of(self, code: str, ends: Sequence[End], world: str | None = None) -> Report:
        """One report as it is now, or one ecosystem's part of it. Raises `NotFound`."""
        if code not in self._told:
            raise NotFound("report", code)
        return self._told[code](code, Ends(ends, world))

    def among(self, ends: Sequence[End], world: str | None) -> Callable[[str], bool] | None:
        """Who is known in an ecosystem, for figures about customers; None where all are asked."""
        return self._there(Ends(ends, world))

    def _since(self, window: int = WINDOW) -> date:
        return self._zone.day(self._clock()) - timedelta(days=window - 1)

    def _deeds(self, kinds: Sequence[str], ends: Ends, window: int = WINDOW) -> Deeds:
        days = self._since(window), self._since(1)
        told = deeds(self._history, kinds, *days, self._identities.customers_of)
        if ends.world is None:
            return told
        return told.saying(lambda said: ends.told(said.get("account", "")))

    def _board(self, code: str, ends: Ends) -> Report:
        _board, ranking, period = code.split("_")
        told = self._leaderboards.board(Ranking(ranking), Period(period), ends.told)
        kinds = COUNTED[Ranking(ranking)]
        columns = (Column("rank"), _text("rep"), Column("points"), *map(Column, kinds))
        rows: tuple[tuple[Cell, ...], ...] = tuple(
            (each.rank, each.name, each.points, *(each.of.get(kind, 0) for kind in kinds))
            for each in told
        )
        bars = tuple((each.name, float(each.points)) for each in told[:20])
        return Report(code, columns, rows, self._clock(), bars)

    def _groups(self, code: str, ends: Ends) -> Report:
        days, most = self._alarms.group_days, self._alarms.group_ads
        told = groups.healths(self._deeds(groups.TOLD, ends, days))
        columns = (
            _text("group"), Column("messages"), Column("member_share", "share"),
            Column("ad_share", "share"), Column("active_members"),
        )  # fmt: skip
        rows = tuple(
            (each.group, each.messages, each.member_share, each.ad_share, each.active)
            for each in told
        )
        alerts = tuple(
            Alert("group_mostly_ads",
                  {"group": each.group, "days": days, "share": f"{each.ad_share:.0%}"})
            for each in told if each.ad_share > most
        )  # fmt: skip
        bars = tuple((each.group, each.ad_share) for each in told[:30])
        return Report(code, columns, rows, self._clock(), bars, alerts=alerts)

    def _reach(self, code: str, ends: Ends) -> Report:
        """Whom each account reaches, and how many can be reached on one of our own."""
        everybody = self._everybody()
        owned: set[str] = set()
        rows: list[tuple[Cell, ...]] = []
        for end in ends:
            reached = self._reached(end.id)
            owned |= reached if end.owned else set()
            rows.append(
                (end.name, end.ecosystem, int(end.owned), end.reach_cost, len(reached),
                 share(len(reached), everybody))
            )  # fmt: skip
        columns = (
            _text("account"), _text("ecosystem"), Column("owned", "flag"),
            Column("reach_cost", "money"), Column("reached"), Column("reached_share", "share"),
        )  # fmt: skip
        totals = ("", "", None, None, len(owned), share(len(owned), everybody))
        bars = tuple((str(row[0]), float(row[4] or 0)) for row in rows)
        return Report(code, columns, tuple(rows), self._clock(), bars, totals)

    def _there(self, ends: Ends) -> Callable[[str], bool] | None:
        """Is a customer known in the ecosystem? Who is in several is in the part of each."""
        if ends.world is None:
            return None
        wanted = ends if ends.world else ends.every  # in none: on none of them all
        known = set[str]().union(*(self._reached(end.id) for end in wanted))
        return (lambda her: her in known) if ends.world else (lambda her: her not in known)

    def _reached(self, account: str) -> set[str]:
        found: set[str] = set()
        after = ""
        while page := self._identities.customers_on(account, after, 5_000):
            found.update(page)
            after = page[-1]
        return found

    def _everybody(self) -> int:
        with self._people.read() as session:
            return session.scalar(select(func.count()).select_from(StandingRow)) or 0

    def _tiers(self, code: str, ends: Ends) -> Report:
        """Everybody stands in exactly one tier by value and one class by where she stands."""
        wanted = select(
            StandingRow.customer, StandingRow.occasions, StandingRow.stage, StandingRow.node
        )
        with self._people.read() as session:
            everybody = session.execute(wanted).all()
        if (there := self._there(ends)) is not None:
            everybody = [row for row in everybody if there(row.customer)]
        vips = set(self._vips([row.customer for row in everybody]))
        counted: dict[tuple[str, str], int] = {}
        for row in everybody:
            key = (tier_of(row.occasions, row.customer in vips), class_of(row.stage, row.node))
            counted[key] = counted.get(key, 0) + 1
        rows = tuple((*key, count) for key, count in sorted(counted.items()))
        columns = (_text("tier"), _text("class"), Column("customers"))
        tiers: dict[str, int] = {}
        for (tier, _class), count in counted.items():
            tiers[tier] = tiers.get(tier, 0) + count
        bars = tuple((tier, float(count)) for tier, count in sorted(tiers.items()))
        return Report(code, columns, rows, self._clock(), bars, ("", "", len(everybody)))

    def _quality(self, code: str, ends: Ends) -> Report:
        """The line of the ads and the line of what they came to, on one page: of 30 days, or of
        this week, since Monday."""
        names = {end.id: end.name for end in ends.every}
        days = self._since(1).isoweekday() if code == "quality_week" else WINDOW
        qualities = self._ads.qualities(days)
        told = [each for each in qualities if ends.told(each.origin.account)]
        columns = (
            _text("account"), _text("campaign"), _text("creative"), _text("bidder"),
            Column("cost", "money"), Column("leads"), Column("cost_per_lead", "money"),
            *(Column(f"grade_{grade.lower()}") for grade in GRADES),
            *(Column(f"share_{grade.lower()}", "share") for grade in GRADES), Column("ungraded"),
            Column("trend", "points"), Column("deals"), Column("income", "money"),
            Column("cost_per_deal", "money"), Column("roi", "ratio"),
            Column("break_even", "money"),
        )  # fmt: skip
        rows = tuple(_quality_row(each, names.get(each.origin.account, "")) for each in told)
        alerts = tuple(
            Alert(each.alert, {"origin": " · ".join(filter(None, each.origin[1:])) or
                               names.get(each.origin.account, each.origin.account)})
            for each in told if each.alert
        )  # fmt: skip
        bars = tuple(
            (" · ".join(filter(None, (str(row[0]), *each.origin[1:]))), float(each.leads))
            for row, each in zip(rows, told, strict=True)
        )
        totals = _quality_row(summed(told), "")
        return Report(code, columns, rows, self._clock(), bars[:30], totals, alerts)

    def _landing(self, code: str, ends: Ends) -> Report:
        told = journeys.landings(self._deeds(journeys.LANDING, ends), self._identities.joined())
        columns = (
            _text("landing"), Column("visited"), Column("form_opened"), Column("contact_left"),
            Column("left_share", "share"),
        )  # fmt: skip
        rows = tuple((page, *steps, share(steps[2], steps[0])) for page, steps in told)
        bars = tuple((page, float(steps[0])) for page, steps in told[:30])
        return Report(code, columns, rows, self._clock(), bars)

    def _sources(self, code: str, ends: Ends) -> Report:
        """Every lead has a source, and says which account, campaign and creative it came by."""
        names = {end.id: end.name for end in ends.every}
        counted: Counter[tuple[str, str, str, str]] = Counter()
        for said, _kind, count in self._deeds(["left_contact"], ends).counted():
            account, campaign, creative = (
                said.get(name, "") for name in ("account", "campaign", "creative")
            )
            counted[said["source"], names.get(account, account), campaign, creative] += count
        leads = counted.total()
        rows = tuple(
            (*origin, count, share(count, leads))
            for origin, count in sorted(
                counted.items(), key=lambda row: (journeys.SOURCES.index(row[0][0]), -row[1], row)
            )
        )
        columns = (
            _text("source_type"), _text("account"), _text("campaign"), _text("creative"),
            Column("leads"), Column("leads_share", "share"),
        )  # fmt: skip
        by_source = dict.fromkeys(journeys.SOURCES, 0)
        for (source, *_origin), count in counted.items():
            by_source[source] += count
        bars = tuple((source, float(count)) for source, count in by_source.items())
        totals = ("", "", "", "", leads, share(leads, leads))
        return Report(code, columns, rows, self._clock(), bars, totals)

    def _chain(self, code: str, ends: Ends) -> Report:
        apps = [end for end in ends if end.ecosystem == "own_app"]
        told = self._deeds([kind for kinds in journeys.CHAIN.values() for kind in kinds], ends)
        rows: list[tuple[Cell, ...]] = []
        alerts: list[Alert] = []
        bars: list[tuple[str, float]] = []
        for end in apps:
            counts, hers = journeys.chain(told, end.id)
            rows.append((end.name, *counts.values(), *hers.values()))
            bars += [(f"{end.name} · {step}", float(count)) for step, count in counts.items()]
            if missing := journeys.gap(counts):
                step = {each: say(f"report_chain_{missing}", each) for each in LANGUAGES}
                alerts.append(Alert("chain_has_a_gap", {"account": end.name, "step": step}))
        columns = (
            _text("account"), *(Column(f"chain_{step}") for step in journeys.CHAIN),
            *(Column(f"people_{step}") for step in journeys.CHAIN),
        )  # fmt: skip
        return Report(code, columns, tuple(rows), self._clock(), tuple(bars), alerts=tuple(alerts))

    def _latency(self, code: str, ends: Ends) -> Report:
        told = journeys.latencies(self._deeds(journeys.RESPONSES, ends, 7))
        columns = (
            _text("task"), Column("tasks"), Column("p50", "seconds"), Column("p95", "seconds"),
        )  # fmt: skip
        rows = tuple(
            (reason, len(took), journeys.middle(took), journeys.percentile(took, 0.95))
            for reason, took in sorted(told.items())
        )
        every = [each for took in told.values() for each in took]
        p95 = journeys.percentile(every, 0.95)
        most, alerts = self._alarms.response, tuple[Alert, ...]()
        if p95 is not None and p95 > most:
            slow = {"seconds": f"{p95:.0f}", "most": f"{most:.0f}"}
            alerts = (Alert("response_is_slow", slow),)
        totals = ("", len(every), journeys.middle(every), p95)
        bars = tuple((str(row[0]), float(row[3] or 0)) for row in rows)
        return Report(code, columns, rows, self._clock(), bars, totals, alerts)

    def _reps(self, code: str, ends: Ends) -> Report:
        """What each rep did on the platforms, as it was told or as they count it."""
        figures, whole = self._figures(ends)
        told = reps.lines(self._deeds(reps.ACTS, ends), figures)
        names = self._leaderboards.names(told)
        ordered = sorted(told, key=lambda rep: (-told[rep].counts["contacts_added"], rep))
        rows = tuple(
            (names.get(rep, rep), *(told[rep].counts[name] for name in reps.COLUMNS),
             told[rep].reply_share, told[rep].reply_seconds)
            for rep in ordered
        )  # fmt: skip
        columns = (
            _text("rep"), *map(Column, reps.COLUMNS), Column("reply_share", "share"),
            Column("reply_seconds", "seconds"),
        )  # fmt: skip
        sums = (sum(each.counts[name] for each in told.values()) for name in reps.COLUMNS)
        bars = tuple((str(row[0]), float(row[1] or 0)) for row in rows[:20])
        totals = ("", *sums, None, None)
        return Report(code, columns, rows, self._clock(), bars, totals, whole=whole)

    def _traffic(self, code: str, ends: Ends) -> Report:
        """Whose links led customers to the app, and what each rep is promised for it."""
        told = traffic.led(self._deeds(traffic.KINDS, ends), self._identities.joined())
        names, promised = self._leaderboards.names(told), self._install_reward
        rows = tuple(
            (names.get(rep, rep), each.openings, each.installs,
             share(each.installs, each.openings), each.installs * promised if rep else 0.0)
            for rep, each in sorted(told.items(), key=lambda row: (-row[1].installs, row[0]))
        )  # fmt: skip
        columns = (
            _text("rep"), Column("app_openings"), Column("installs"),
            Column("install_share", "share"), Column("install_reward", "money"),
        )  # fmt: skip
        opened = sum(each.openings for each in told.values())
        installed = sum(each.installs for each in told.values())
        earned = sum(each.installs for rep, each in told.items() if rep) * promised
        totals = ("", opened, installed, share(installed, opened), earned)
        bars = tuple((str(row[0]), float(row[2] or 0)) for row in rows if row[0])[:20]
        return Report(code, columns, rows, self._clock(), bars, totals)

    def _figures(self, ends: Ends) -> tuple[list[Event], bool]:
        """What platforms counted by day, the newest first, and whether that is all of it."""
        found: list[Event] = []
        before = None
        while len(found) < _FIGURES:
            page = self._history.of_kinds(
                (reps.COUNTED,), since=self._since(), before=before, limit=100
            )
            found += [event for event in page.items if ends.told(event.account)]
            if (before := page.next) is None:
                return found, True
        return found, False

    def _retention(self, code: str, ends: Ends) -> Report:
        """Of large companies the first customers by id: ids are digests, so a fair sample."""
        ids = self._profiles.ids("", _SAMPLE)
        there = self._there(ends)
        hers = [id_ for id_ in ids if there is None or there(id_)]
        profiles = (profile for _, profile in self._profiles.each(hers))
        told = retention(profiles, self._clock(), self._zone)
        weeks = range(1, WEEKS + 1)
        shares = (Column(f"week_{n}", "share") for n in weeks)
        columns = (_text("week"), Column("customers"), *shares)
        rows: tuple[tuple[Cell, ...], ...] = tuple(
            (
                each.week.isoformat(), each.size,
                *(None if kept is None else share(kept, each.size) for kept in each.kept),
            )
            for each in told
        )  # fmt: skip
        bars = tuple((each.week.isoformat(), float(each.size)) for each in reversed(told))
        return Report(code, columns, rows, self._clock(), bars, whole=len(ids) < _SAMPLE)


def tier_of(occasions: int, vip: bool) -> str:
    """The tier by value: everybody has exactly one."""
    if vip:
        return "tier_vip"
    return "tier_repeat" if occasions > 1 else "tier_buyer" if occasions else "tier_prospect"


def class_of(stage: str, node: str) -> str:
    """The class: the stage of who bought, the node of who did not. Everybody has exactly one."""
    return f"stage_{stage}" if stage else f"node_{node}"


def _quality_row(each: Quality, account: str) -> tuple[Cell, ...]:
    return (
        account or each.origin.account, each.origin.campaign, each.origin.creative,
        each.origin.bidder, each.cost, each.leads, each.per_lead,
        *(each.grades[grade] for grade in GRADES), *(each.share(grade) for grade in GRADES),
        each.leads - each.graded, each.trend, each.deals, each.income, each.per_deal, each.roi,
        each.break_even,
    )  # fmt: skip
