"""F3, the worker's half: killed wherever its folds and followers can be torn, it loses nothing.

What is published and sent is `test_crash_points`; the fold and the journal are shown with their
engines. Here a whole company lives on while its worker dies at each of the other points.
"""

import dataclasses
import json
import secrets
import subprocess
import sys
import uuid
from datetime import timedelta

import pytest

from channels.deliveries import Delivery, State
from channels.welcoming import Welcome
from engagement.rep_cards import RepCard
from juzhen.settings import load
from juzhen.wiring import assemble
from kernel.crash import POINTS
from kernel.events import Handle
from tests.flows.company import eventually
from tests.flows.conftest import AES_KEY, running
from tests.sizes import turns

pytestmark = [pytest.mark.timeout(600)]

FOLLOWERS = [
    "own_acts.copied",
    "digest.identified",
    "digest.profiled",
    "digest.done",
    "counters.put",
    "finding.put",
    "triggers.told",
]
SHOWN_ELSEWHERE = {
    "journal.committed",  # tests/web/test_intake_faults
    "fold.read", "fold.put", "fold.sliced", "fold.dropped",  # tests/engines/test_history
    "sealing.drafted", "sealing.sealed", "sealing.closed",  # tests/engines/test_sealing
    "nightly.wrote",  # tests/matching/test_nightly
    "erasing.gone",  # tests/data_hub/test_erasure_races
    "retention.gone",  # tests/data_hub/test_retention
    "rewriting.took", "rewriting.wrote",  # tests/data_hub/test_rewriting
    "taking_back.noted", "taking_back.gone",  # tests/juzhen/test_undoing
    "following.acted",  # tests/channels/test_opt_outs
}  # fmt: skip
PUBLISHING = ("publishing.", "deliveries.", "courier.", "wechat.", "callbacks.")
"""What `test_crash_points` shows, down to the last of them."""
ENDS = ("push.", "sms.", "mini.", "mailings.")
"""What `test_crash_points_of_ends` and `test_mailings` show, down to the last of them."""

CREATE = """mutation($input: CreateMaterialInput!) {
  createMaterial(input: $input) { material { id } problems { code field message } } }"""
FIND = """query($h: String!) { customers(filter: {handle: $h}) {
  nodes { id timeline(first: 100) { totalCount nodes { id } } } } }"""


def test_every_declared_point_is_shown_somewhere():
    here = {name for name in POINTS if not name.startswith(PUBLISHING + ENDS)}
    assert here == {*FOLLOWERS, *(point for point, _ in DEATHS), *SHOWN_ELSEWHERE}


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    with running(tmp_path_factory.mktemp("crashes")) as made:
        yield made


def acts(company, who, title):
    """An editor makes something, a customer logs in and reads it twice; a resend comes too."""
    made = company.web.graphql(
        CREATE, company.tokens["editor"],
        input={"type": "script", "title": title, "body": "<p>您好</p>"},
    )["createMaterial"]  # fmt: skip
    assert made["problems"] == []
    material = made["material"]["id"]
    batch = [
        {"type": "identify", "userId": who, "messageId": str(uuid.uuid4()),
         "traits": {"phone": "13900" + who[-6:]}},
        *(
            {"type": "track", "event": "Material Opened", "userId": who,
             "messageId": str(uuid.uuid4()), "properties": {"material": material}}
            for _ in range(2)
        ),
    ]  # fmt: skip
    for _ in range(2):
        sent = company.web(
            "POST", "/v1/batch", json={"batch": batch, "writeKey": company.write_key}
        )
        assert sent.status == 200, sent.data
    return material


def told(company, who):
    handle = f"user:{company.ids['app']}:{who}"
    nodes = company.web.graphql(FIND, company.tokens["admin"], h=handle)["customers"]["nodes"]
    return nodes[0]["timeline"] if nodes else None


@pytest.mark.parametrize("turn", turns(20))
@pytest.mark.parametrize("point", FOLLOWERS)
def test_a_worker_killed_there_loses_nothing_and_tells_nothing_twice(
    company, tmp_path, point, turn
):
    number = 100 * turn + FOLLOWERS.index(point)
    mark, who = tmp_path / "mark", f"u{number:06d}"
    company.processes.end("worker")
    company.start_worker(JUZHEN_CRASH_AT=point, JUZHEN_CRASH_MARK=str(mark))
    title = f"崩溃点{number}"
    material = acts(company, who, title)

    worker = company.processes.running["worker"]
    assert eventually(lambda: worker.poll() is not None), f"{point} was not hit"
    assert mark.read_text().split() == [point]
    company.processes.kill("worker")
    company.start_worker()

    line = eventually(
        lambda: (told(company, who) or {}).get("totalCount") == 3 and told(company, who)
    )
    assert line, told(company, who)
    assert len({each["id"] for each in line["nodes"]}) == 3
    search = "query($t: String!) { search(text: $t, first: 5) { nodes { id } } }"

    def found():
        answer = company.web.graphql(search, company.tokens["editor"], t=title)["search"]
        return [each["id"] for each in answer["nodes"]]

    assert eventually(lambda: found() == [material]), found()


# what reps are told and asked on their own platform


@pytest.fixture(scope="module")
def wecom(company):
    """The same company with a corporation's WeCom at the sandbox."""
    secret = secrets.token_hex(16)
    played = {
        "kind": "wecom", "appid": "ww0001", "secret": secret, "token": "t0ken",
        "aes_key": AES_KEY, "code": "wecom", "name": "安和人寿", "followers": 4,
        "reps": [{"userid": "rep", "name": "李静"}],
    }  # fmt: skip
    told = company.sandbox("POST", "/sandbox/accounts", json=played)
    assert told.status == 200, told.data
    platform = assemble(load({"JUZHEN_HOME": str(company.processes.home)}))
    account = platform.accounts.add(
        code="wecom", name="安和人寿", kind="wecom", ecosystem="wechat",
        settings={
            "corp_id": "ww0001", "agent_id": 1000002, "welcome": "您好，我是您的客户经理",
            "base_url": f"{company.sandbox.url}/wecom",
        },
        secrets={"app_secret": secret, "token": "t0ken", "aes_key": AES_KEY}, by="t",
    )  # fmt: skip
    yield WeComOfTheCompany(company, platform, account.id)
    platform.close()


@dataclasses.dataclass
class WeComOfTheCompany:
    """What the test begins there, and what its people saw."""

    company: object
    hub: object
    account: str

    @property
    def seen(self):
        return json.loads(self.company.sandbox("GET", "/sandbox/wecom").data)

    def more(self, what):
        """Says how many more of them there are then."""
        before = len(self.seen[what])
        return lambda: len(self.seen[what]) - before

    def friend(self):
        return Handle("external_userid", self.account, self.seen["friends"][0]["external"])

    def shown(self):
        """A moment is placed; whether it is known here, and how many tasks it became."""
        effects = self.more("moments")
        tag = self.hub.taxonomy.create(f"标签{uuid.uuid4()}", "topic", by="t")
        made = self.hub.materials.create(
            "image_text", "朋友圈", by="t", tags=[tag.id], body="<p>早做打算</p>"
        )
        now = self.hub.clock()
        placement = self.hub.publishing.place(
            made.id, self.account, opens=now - timedelta(hours=1),
            closes=now + timedelta(hours=5), by="t",
        )  # fmt: skip

        def known():
            (delivery,) = self.hub.deliveries.of_placement(placement.id)
            return delivery.state == State.AWAITING_PERSON

        return known, effects

    def said(self):
        """A message that a rep confirms: what is unsure waits for a person to look."""
        effects = self.more("tasks")
        delivery = self.hub.publishing.send(
            self.friend(), self.account, occasion=str(uuid.uuid4()), purpose="service",
            words="您的保单到期了", rep=self.company.ids["rep"], by="t",
        )  # fmt: skip

        def known():
            return self.hub.deliveries.one(delivery.id).reason == "worker_lost"

        return known, effects

    def greeted(self):
        """Somebody adds the rep, and is welcomed."""
        effects = self.more("heard")
        told = self.seen
        known = {each["external"] for each in told["friends"]}
        (stranger, *_) = [each for each in told["people"] if each["external"] not in known]
        self.company.sandbox(
            "POST", "/sandbox/wecom/add", json={"userid": "rep", "external": stranger["external"]}
        )

        def settled():
            """By then the code may have lived its twenty seconds."""
            with self.hub.records.read() as session:
                said = {each.outcome for each in session.query(Welcome)}
            return said and said <= {"greeted", "welcome_too_late"}

        return settled, effects

    def reminded(self):
        """A red dot becomes a card."""
        reminder = self.hub.reminders.remind(
            self.company.ids["rep"], "came_back", str(self.friend()), str(uuid.uuid4())
        )

        def told():
            with self.hub.records.read() as session:
                card = session.get(RepCard, reminder.id)
                return card is not None and card.ref != ""

        def most_alike():
            """Other reminders become cards too: none of them twice."""
            tasks = [
                json.dumps(each["told"]).partition("task_id")[2] for each in self.seen["cards"]
            ]
            return max(map(tasks.count, tasks))

        return told, most_alike

    def broadcast(self):
        """The audience becomes deliveries, each person once."""
        told = self.seen
        friends = [
            Handle("external_userid", self.account, each["external"]) for each in told["friends"]
        ]
        segment = self.hub.segments.create("朋友", by="t")
        self.hub.segments.put(segment.id, friends, by="t")
        made = self.hub.broadcasts.create(
            "问候", self.account, segment=segment.id, words="春天好", by="t"
        )

        def planned():
            return self.hub.broadcasts.one(made.id).complete is not None

        def most_alike():
            rows = self.hub.deliveries.page(Delivery.broadcast == made.id, first=100).items
            targets = [each.target for each in rows]
            assert len(targets) == self.hub.broadcasts.one(made.id).planned
            return max(map(targets.count, targets))

        return planned, most_alike


DEATHS = [
    ("rep_cards.told", WeComOfTheCompany.reminded),  # first: what else happens becomes cards, too
    ("wecom.tasked", WeComOfTheCompany.shown),
    ("wecom.tasked", WeComOfTheCompany.said),
    ("welcoming.greeted", WeComOfTheCompany.greeted),
    ("broadcasts.planned", WeComOfTheCompany.broadcast),
]


@pytest.mark.parametrize("turn", turns(20))
def test_a_worker_killed_there_asks_nobody_on_wecom_twice(company, wecom, tmp_path, turn):
    """Each worker finishes what the one before it left, and dies at a point of its own."""
    company.processes.end("worker")
    unfinished = None
    for number, (point, begin) in enumerate(DEATHS):
        mark = tmp_path / f"mark{number}"
        company.start_worker(
            JUZHEN_CRASH_AT=point, JUZHEN_CRASH_MARK=str(mark), JUZHEN_WORKER_LEASES="1"
        )
        if unfinished:
            finished(*unfinished)
        known, effects = begin(wecom)
        worker = company.processes.running["worker"]
        assert eventually(lambda worker=worker: worker.poll() is not None), point
        assert mark.read_text().split() == [point]
        assert effects() == 1
        company.processes.kill("worker")
        unfinished = known, effects
    company.start_worker(JUZHEN_WORKER_LEASES="1")
    finished(*unfinished)


def finished(known, effects):
    assert eventually(known)
    assert effects() == 1


def test_afterwards_every_invariant_holds(company):
    done = subprocess.run(
        [sys.executable, "-m", "juzhen", "check", "--json"],
        cwd=company.processes.home, env=company.processes.environment,
        capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == []
