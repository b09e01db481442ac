"""A small company on real stores, for tests of matching, engagement and the workbench."""

from datetime import timedelta
from itertools import count

from channels.touch_policy import TouchPolicy
from channels.touch_policy.standing import ContentNatures, KnownPersons
from content_hub.campaigns import Campaigns
from content_hub.materials import Materials
from content_hub.shelf import Shelf
from content_hub.tags import Taxonomy
from content_hub.types import Types
from data_hub.ad_quality import AdQuality
from data_hub.consents import Consents
from data_hub.customers import Customers
from data_hub.digest import Digest
from data_hub.findings import Findings
from data_hub.identities import Identities
from data_hub.labels import label
from data_hub.leaderboards import Leaderboards
from data_hub.measures import Boards, Measures
from data_hub.prediction import Predictions
from data_hub.profiles import Profiles
from data_hub.referrals import Referrals
from data_hub.reports.keeping import Reports
from data_hub.segments import Previews, Segments
from data_hub.staff import StaffBook
from data_hub.standings import Standings
from engagement.pressing import Priorities
from engagement.reminders import Reminders
from kernel.calendar import Zone
from kernel.events import Event, Handle
from matching.abilities import Abilities
from matching.affinities import Affinities
from matching.book_lifts import BookLifts
from matching.candidates import Candidates
from matching.counters import Counters
from matching.effects import Effects
from matching.feedback import Feedback
from matching.nightly import Nightly
from matching.occasions import Habits
from matching.questions import Questions
from matching.recommender import Asking, Recommender
from matching.rules import Rules
from matching.sequels import Sequels
from stores.gathered import Gathered
from stores.sqlite.history import SqliteHistory

TOPICS = ("养老社区", "理财", "健康", "子女教育", "明星题材", "基金经理")


class Topics:
    """What the data hub asks of the content hub."""

    def __init__(self, materials):
        self._materials = materials

    def about(self, materials):
        return self._materials.topics(materials)


class Company:
    """Content on a shelf, reps, customers, and everything that follows from events."""

    def __init__(self, folder, records, people, changes, clock):
        self.records, self.people, self.changes, self.clock = records, people, changes, clock
        self.zone = Zone()
        self.taxonomy = Taxonomy(records, changes)
        self.types = Types(records, changes)
        self.materials = Materials(records, changes, self.types, self.taxonomy, clock)
        self.shelf = Shelf(records, changes, clock)
        self.staff = StaffBook(records, changes)
        self.history = SqliteHistory(folder / "history.db", label=label, durability="process")
        self.identities = Identities(people, records, changes, clock)
        self.profiles = Profiles(people, self.identities)
        self.findings = Findings(people)
        self.segments = Segments(records, people, self.identities, changes, clock)
        self.standings = Standings(
            people, records, self.identities, self.profiles, self.history, self.segments, changes,
            clock, zone=self.zone,
        )  # fmt: skip
        self.predictions = Predictions(people, self.profiles, clock)
        self.priorities = Priorities(self.identities, self.standings, self.predictions)
        self.previews = Previews(
            people, self.profiles, self.segments, self.standings.subjects, clock
        )
        self.digest = Digest(
            self.history, people, records, self.identities, self.profiles,
            Topics(self.materials), clock, findings=self.findings, zone=self.zone,
            standings=self.standings,
        )  # fmt: skip
        self.customers = Customers(
            people, records, self.identities, self.history, self.staff, changes, clock
        )
        self.boards = Boards(records, changes, clock)
        self.measures = Measures(self.history, people, clock, zone=self.zone)
        self.ads = AdQuality(self.history, people, records, self.identities, changes, clock)
        self.leaderboards = Leaderboards(
            self.history, records, self.staff, changes, clock, books=self.customers
        )
        self.referrals = Referrals(
            records, self.findings, self.identities, changes, clock, reward="5%"
        )
        self.reports = Reports(
            self.history,
            people,
            self.identities,
            self.profiles,
            self.ads,
            self.leaderboards,
            lambda _: (),
            clock,
        )
        self.counters = Counters(people, self.history)
        self.affinities = Affinities(records, changes)
        self.abilities = Abilities(
            records, changes, self.counters, self.materials, self.taxonomy, clock
        )
        self.consents = Consents(records, changes, clock)
        self.touch_policy = TouchPolicy(
            records=records, changes=changes, consents=self.consents, clock=clock, zone=self.zone,
            persons=KnownPersons(
                self.identities, self.profiles,
                lambda ids: {
                    each: (self.lifecycles.get(each, ""), each in self.vips) for each in ids
                },
            ),
            natures=ContentNatures(
                self.materials, self.taxonomy, Campaigns(records, changes, clock)
            ),
        )  # fmt: skip
        self.nightly = Nightly(people, changes, self.materials, clock, self.zone)
        self.rules = Rules(records, changes, self.materials, self.taxonomy, self.types, clock)
        self.feedback = Feedback(records, changes, clock)
        self.gathered = Gathered(records)
        self.candidates = Candidates(records, changes, self.counters, clock, self.nightly)
        questions = Questions(
            counters=self.counters, books=BookLifts(self.counters, self.candidates.company),
            nightly=self.nightly, affinities=self.affinities, abilities=self.abilities,
            materials=self.materials, taxonomy=self.taxonomy, zone=self.zone, habits=Habits(),
            sequels=Sequels(records, changes),
        )  # fmt: skip
        self.asking = Asking(
            records=records, people=people, clock=clock, zone=self.zone,
            candidates=self.candidates, questions=questions, nightly=self.nightly,
            customers=self.customers, profiles=self.profiles, staff=self.staff,
            consents=self.consents, touch_policy=self.touch_policy, rules=self.rules,
            segments=self.segments, feedback=self.feedback,
        )  # fmt: skip
        self.recommender = Recommender(
            records=records, changes=changes, gathered=self.gathered, asking=self.asking,
            materials=self.materials, shelf=self.shelf, clock=clock,
        )  # fmt: skip
        self.effects = Effects(
            records=records, people=people, changes=changes, findings=self.findings,
            digest=self.digest, profiles=self.profiles, clock=clock,
        )  # fmt: skip
        self.reminders = Reminders(records, changes, clock)
        self.tags, self.vips, self.lifecycles = {}, set(), {}
        self._upto, self._events = count(1), count(1)

    def tag(self, label, facet="topic", **more):
        """A tag by its label, made when first named."""
        if label not in self.tags:
            self.tags[label] = self.taxonomy.create(label, facet, by="li", **more).id
        return self.tags[label]

    def place(
        self, title, *labels, kind="image_text", body="", days=30, unit="", account="acc_app"
    ):
        """A material, tagged and on the shelf since an hour ago."""
        made = self.materials.create(
            kind, title, body=body, unit=unit, by="li", tags=[self.tag(each) for each in labels]
        )
        now = self.clock()
        self.shelf.place(
            made.id, account, opens=now - timedelta(hours=1), closes=now + timedelta(days=days),
            by="li",
        )  # fmt: skip
        return made.id

    def library(self, each=4):
        """So many materials of every topic, and a script and a product note about each."""
        made = {}
        for topic in TOPICS:
            made[topic] = [self.place(f"{topic}图文{n}", topic) for n in range(each)]
            made[topic, "script"] = self.place(
                f"{topic}话术", topic, kind="script", body=f"{{客户称呼}}您好，聊聊{topic}吧。"
            )
            made[topic, "product_note"] = self.place(f"{topic}产品", topic, kind="product_note")
        return made

    def hire(self, code, *persona, name="李丽"):
        """A rep with persona tags, as an actor."""
        worn = [self.tag(each, "persona") for each in persona]
        return self.staff.actor(self.staff.add(code, name, by="li", persona=worn).id)

    def meet(self, phone="13800138000", rep=None, **traits):
        """A customer who has told who she is, and whose rep she is."""
        handle = Handle("phone", "", phone)
        self.tell(self.event("identified", handle, traits=traits))
        if rep is not None:
            self.customers.entrust(handle, rep.staff, by="li")
        return handle

    def event(self, kind, handle, material="", *, ago=timedelta(0), rep="", **detail):
        at = self.clock() - ago
        return Event(
            id=f"e{next(self._events):06}", kind=kind, at=at, account="acc_app", handle=handle,
            material=material, rep=rep, received=at, detail=detail,
        )  # fmt: skip

    def tell(self, *events):
        """Events arrive, are digested and counted."""
        self.history.put(events, upto=next(self._upto))
        while self.digest.run():
            pass
        while self.counters.fold():
            pass

    def id_of(self, handle):
        return self.identities.customer_of(handle)

    def offer(self, handle, actor, first=10):
        return self.recommender.for_contact(self.id_of(handle), actor, first)

    def topic_of(self, item):
        return {tag.zh for tag in self.taxonomy.tags(self.materials.about(item.material))}

    def close(self):
        self.gathered.close()
        self.recommender.close()
        self.history.close()
