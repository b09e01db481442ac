"""What people, platforms and the worker do to a company of believable size, by name.

Each is done on what is there: every act may be done again, and does as much as it ever does.
"""

from datetime import timedelta
from itertools import count

from sqlalchemy import insert, select

from content_hub.materials import Material
from content_hub.materials.versions import MaterialVersion
from content_hub.placements import Placement
from content_hub.showcase import ShelfDocument, ShelfRow
from content_hub.tags import Tagging
from kernel.actors import Role
from kernel.clock import utc_now
from kernel.events import Event, Handle, Refusal

MADE, COPIES, PEOPLE, EVENTS = 50, 20, 1_500, 1_000
YEAR, DAY = timedelta(days=365), timedelta(days=1)


class AtWork:
    """A company with 3,000 placements and 1,500 people who acted, and somebody who works in it."""

    def __init__(self, company):
        self.c, self._turn, self.seen = company, count(1), []
        company.taxonomy.ship(by="t")
        self.accounts = [self._account(n) for n in range(3)]
        self.app = self.accounts[0]
        self.rep = company.staff.add("rep", "李静", role=Role.REP, by="t")
        self.tag = company.taxonomy.create("养老社区", "topic", by="t", code="town")
        self.spring = self.campaign("spring")
        self.materials = self._stock()
        for _ in range(2):
            self.behave()
        self.worker()

    def _account(self, n):
        return self.c.accounts.add(
            code=f"app{n}", name=f"App {n}", kind="app", ecosystem="own_app", by="t"
        ).id

    def campaign(self, code=""):
        now = utc_now()
        return self.c.campaigns.create(
            "春季", code=code, opens=now - DAY, closes=now + YEAR, by="t"
        ).id

    def material(self):
        return self.c.materials.create("script", f"话术 {self.n}", by="t", tags=[self.tag.id]).id

    def _stock(self):
        """Materials of the campaign, each promised to every account; copied until they are many."""
        for _ in range(MADE // 10):
            some = [self.material() for _ in range(10)]
            with self.c.records.write(*(f"placement:{each}" for each in some)):
                for each in some:
                    for account in self.accounts:
                        self.place(each, account, campaign=self.spring)
        with self.c.records.write() as session:
            for kind in (Material, MaterialVersion, Tagging, ShelfDocument, Placement, ShelfRow):
                table = kind.__table__
                rows = session.execute(select(table)).mappings().all()
                copies = [_copied(row, n) for n in range(1, COPIES) for row in rows]
                session.execute(insert(table), copies)
            return list(session.scalars(select(Material.id).order_by(Material.id)))

    @property
    def n(self):
        return next(self._turn)

    def place(self, material, account, **more):
        now = utc_now()
        return self.c.shelf.place(material, account, opens=now, closes=now + DAY, by="t", **more)

    def handle(self, n=None):
        return Handle("user", self.app, f"u{(n or self.n) % PEOPLE}")

    def known(self):
        """Somebody who has acted."""
        return self.seen[self.n % len(self.seen)]

    def event(self, n, kind="read_material", **detail):
        self.seen.append(self.handle(n))
        return Event(
            id=f"e{self.n}", kind=kind, at=utc_now(), account=self.app, handle=self.handle(n),
            material=self.materials[n % 1_000], received=utc_now(), detail=detail,
        )  # fmt: skip

    def told(self, how_many=EVENTS):
        kinds = ["read_material"] * 8 + ["identified", "ordered"]
        told = []
        for n in range(how_many):
            kind = kinds[n % len(kinds)]
            detail = {"ordered": {"amount": 9.5}, "identified": {"traits": {"name": f"客户{n}"}}}
            told.append(self.event(self.n, kind, **detail.get(kind, {})))
        return told

    def behave(self):
        """A batch of a thousand events, from the door to what is worked out of them."""
        self.c.intake.take(self.told())
        self.c.intake.take([], [Refusal(at=utc_now(), door="segment", reason="unknown_event_type")])
        self.worker()

    def worker(self):
        c = self.c
        c.own_acts.copy(500)
        while c.fold.run(5_000) or c.digest.run(500) or c.counters.fold(500):
            pass
        c.digest.freshen()
        c.moods.follow(7)
        while c.referrals.follow():
            pass
        c.own_links.follow()
        c.triggers.follow(200)
        c.day_round.run()
        while c.finding.follow(200):
            pass
        while c.audit.seal(500):
            pass
        c.acquaintances.follow(50)
        c.rep_cards.follow(200)


def _copied(row, n):
    """The same for the n-th copy of its material, and of its placement."""
    told = dict(row)
    for name in ("id", "code", "material", "placement"):
        if name in told:
            told[name] = f"{told[name]}{n}"
    if "document" in told:
        told["document"] = told["document"].replace(row["material"], told["material"])
    if told.get("source_id"):
        told["source_id"] += str(n)
    return told
