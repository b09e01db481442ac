"""F3: a worker killed at every crash point of publishing; nothing is lost, nothing shown twice."""

import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from channels.allowances import Allowances
from channels.base import Allowed, Progress
from channels.callbacks import TAKEN
from channels.deliveries import Delivery, State
from kernel.clock import utc_now
from kernel.crash import POINTS
from kernel.events import Handle
from stores.records import Folded, Record, Records
from tests.channels.house import House
from tests.channels.sandboxed import running
from tests.channels.wechat.conftest import FOLLOW, Postman
from tests.flows.company import eventually
from tests.flows.publisher import settles
from tests.sizes import turns

PUBLISHING = [
    "publishing.queued",
    "deliveries.claiming",
    "deliveries.marked",
    "publishing.composed",
    "wechat.token",
    "wechat.cover_uploaded",
    "wechat.pictures_uploaded",
    "wechat.drafted",
    "wechat.submitted",
    "deliveries.noting",
    "deliveries.noted",
]
WITHDRAWING = ["courier.withdrawing", "courier.withdrawn", "deliveries.noting", "deliveries.noted"]
SENDING = ["wechat.sending", "wechat.sent"]
SETTLING = ["courier.asked"]
POLLING = ["courier.told"]
HEARING = [TAKEN]
TO_ALL = ["wechat.mass_sent"]
BY_ALLOW = ["wechat.allow_used"]
ROOMS = ("publishing.", "deliveries.", "courier.", "wechat.", "callbacks.")


class Publisher:
    """The process that forks workers."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.flows.publisher"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def begin(self, **job):
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def ended(self, worker):
        return self.begin(ended=worker)

    def run(self, **job):
        return self.ended(self.begin(**job))

    def close(self):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@pytest.fixture(scope="module")
def publisher():
    process = Publisher()
    yield process
    process.close()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with running(tmp_path_factory.mktemp("sandbox")) as process:
        yield process


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def company(request, tmp_path_factory, sandbox):
    """One company on each engine: its stores, and an official account at the sandbox."""
    folder = tmp_path_factory.mktemp("company")
    if request.param == "sqlite":
        files = (f"sqlite:///{folder}/{name}.db" for name in ("records", "people"))
        yield from _company(sandbox, *files)
    else:
        with request.getfixturevalue("postgres_cluster").database() as url:
            yield from _company(sandbox, url, url)


def _company(sandbox, records_url, people_url):
    records = Records(records_url, durability="process")
    people = Records(people_url, durability="process")
    records.create(Record)
    people.create(Folded)
    house = House(records, people, utc_now, origins=[sandbox.url])
    account = sandbox.account(house, review_seconds=LONGEST_REVIEW)
    to_all = sandbox.account(house, "oa_all", publish_by="mass", subscribe_template="S")
    job = {"records": records_url, "people": people_url, "origin": sandbox.url}
    yield SimpleNamespace(house=house, account=account, to_all=to_all, job=job, sandbox=sandbox)
    house.close()
    records.close()
    people.close()


LONGEST_REVIEW = 0.25


@pytest.fixture
def dies_at(company, publisher, tmp_path):
    """Kill a worker at a point, and insist that the point was reached."""

    def run(point, **more):
        mark = tmp_path / "mark"
        job = {"do": "work", "seconds": 5} | more
        ended = publisher.run(**company.job, **job, crash=point, mark=str(mark))
        assert ended == -signal.SIGKILL
        assert mark.read_text() == f"{point}\n"

    return run


@pytest.fixture
def goes_on(company, publisher):
    """A fresh worker that nobody kills."""

    def run(**more):
        assert publisher.run(**company.job, do="work", seconds=10, **more) == 0

    return run


def placed(company, request, account=None):
    """Something with a cover of its own and a picture in its text, on the shelf from now on."""
    name = request.node.name[-30:]
    body = f'<p>{name}</p><p><img src="/media/med_{time.time_ns()}/original"></p>'
    tag = company.house.taxonomy.create(f"标签{time.time_ns()}", "topic", by="li")
    material = company.house.materials.create(
        "image_text", name, by="li", tags=[tag.id], body=body, cover="med_1"
    )
    return company.house.placed(material, account or company.account)


def articles(company, placement):
    """What followers ever saw of it."""
    there = company.house.accounts.one(placement.account)
    link = company.house.composer.link(placement.material, there)
    return [
        article
        for article in company.sandbox.articles
        if article["content_source_url"].partition("#")[0] == link
    ]


def forget_uploads(company):
    """So that the next one uploads its pictures again, and its token is looked at."""
    from channels.wechat.uploads import Uploads

    Uploads(company.house.records, utc_now).forget(company.account.id)


def works_here(company):
    """The same duties in this process, where nobody dies."""
    assert settles(company.house, 10)


def published_once_and_withdrawn(company, placement):
    (article,) = articles(company, placement)
    assert article["shown"]
    company.house.publishing.retire(placement.id, by="li")
    works_here(company)
    (article,) = articles(company, placement)
    assert not article["shown"]
    (delivery,) = company.house.deliveries.of_placement(placement.id)
    assert delivery.progress == Progress.WITHDRAWN


@pytest.mark.parametrize("turn", turns(20))
@pytest.mark.parametrize("point", PUBLISHING)
def test_killed_while_publishing(company, dies_at, goes_on, request, point, turn):
    forget_uploads(company)
    placement = placed(company, request)
    dies_at(point)
    goes_on()
    published_once_and_withdrawn(company, placement)


@pytest.mark.parametrize("turn", turns(20))
@pytest.mark.parametrize("point", WITHDRAWING)
def test_killed_while_withdrawing(company, dies_at, goes_on, request, point, turn):
    placement = placed(company, request)
    works_here(company)
    company.house.publishing.retire(placement.id, by="li")
    dies_at(point)
    goes_on()
    (article,) = articles(company, placement)
    assert not article["shown"]


@pytest.mark.parametrize("turn", turns(20))
@pytest.mark.parametrize("point", SETTLING)
def test_killed_while_looking_for_a_lost_answer(company, dies_at, goes_on, request, point, turn):
    placement = placed(company, request)
    company.sandbox.knobs(lose_answer={"path": "freepublish/submit", "times": 1})
    dies_at(point)
    goes_on()
    published_once_and_withdrawn(company, placement)


@pytest.mark.parametrize("turn", turns(20))
@pytest.mark.parametrize("point", POLLING)
def test_killed_while_asking_for_the_outcome(company, dies_at, goes_on, request, point, turn):
    placement = placed(company, request)
    dies_at(point, polling=True)
    goes_on(polling=True)
    (delivery,) = company.house.deliveries.of_placement(placement.id)
    assert delivery.progress == Progress.SHOWN
    published_once_and_withdrawn(company, placement)


@pytest.mark.parametrize("turn", turns(20))
@pytest.mark.parametrize("point", SENDING)
def test_killed_while_talking_to_one_person_nothing_is_said_twice(
    company, dies_at, goes_on, point, turn
):
    """WeChat knows no key here, so what is unsure waits for a person."""
    openid = company.sandbox.ask("followers")["followers"][0]["openid"]
    company.sandbox.post(f"followers/{openid}/say", text="你好")
    words = f"您好 {point} {time.time_ns()}"
    delivery = company.house.publishing.send(
        Handle("openid", company.account.id, openid), "oa", occasion=words, purpose="service",
        words=words, by="stf_1",
    )  # fmt: skip
    dies_at(point)
    goes_on()
    told = company.house.deliveries.one(delivery.id)
    assert (told.state, told.reason) == (State.UNKNOWN, "worker_lost")
    heard = [said for said in company.sandbox.ask("sent")["messages"] if words in str(said)]
    assert len(heard) == (point == "wechat.sent")


@pytest.mark.parametrize("turn", turns(20))
@pytest.mark.parametrize("point", TO_ALL)
def test_killed_while_sending_to_all_it_is_sent_once(
    company, dies_at, goes_on, request, point, turn
):
    """The platform knows our key here, so nobody has to look."""
    placement = placed(company, request, company.to_all)
    dies_at(point)
    assert len(articles(company, placement)) == 1
    goes_on()
    published_once_and_withdrawn(company, placement)


@pytest.mark.parametrize("turn", turns(20))
@pytest.mark.parametrize("point", BY_ALLOW)
def test_killed_with_an_allow_used_up_nothing_was_said_and_a_person_looks(
    company, dies_at, goes_on, point, turn
):
    openid = f"oq{time.time_ns():026d}"
    company.sandbox.post("followers", followers=[{"openid": openid, "name": "安"}])
    hers = Handle("openid", company.to_all.id, openid)
    allowances = Allowances(company.house.records, utc_now)
    allowances.hear([Allowed(id=openid, handle=hers, template="S", at=utc_now())])
    delivery = company.house.publishing.send(
        hers, "oa_all", occasion=openid, purpose="service", words="保单已生效", by="stf_1"
    )
    dies_at(point)
    goes_on()
    told = company.house.deliveries.one(delivery.id)
    assert (told.state, told.reason) == (State.UNKNOWN, "worker_lost")
    assert allowances.left(hers, "S") == 0
    assert not [each for each in company.sandbox.ask("sent")["messages"]
                if each["openid"] == openid]  # fmt: skip


@pytest.mark.parametrize("turn", turns(20))
@pytest.mark.parametrize("point", HEARING)
def test_killed_while_hearing_an_outcome(
    company, dies_at, publisher, request, point, turn, tmp_path
):
    placement = placed(company, request)
    works_here(company)
    (delivery,) = company.house.deliveries.of_placement(placement.id)
    assert delivery.progress == Progress.SUBMITTED
    job = (
        f"<PublishEventInfo><publish_id>{delivery.ref.partition(':')[2]}</publish_id>"
        "<publish_status>0</publish_status></PublishEventInfo></xml>"
    )
    body = FOLLOW.replace(b"subscribe", b"PUBLISHJOBFINISH").replace(b"</xml>", job.encode())
    callback = Postman(utc_now).sealed(body)
    told = {
        "do": "tell", "account": "oa", "query": dict(callback.query),
        "body": callback.body.decode(), "journal": str(tmp_path / "journal"),
    }  # fmt: skip
    dies_at(point, **told)
    assert publisher.run(**company.job, **told) == 0
    assert company.house.deliveries.one(delivery.id).progress == Progress.SHOWN
    published_once_and_withdrawn(company, placement)


def test_every_crash_point_of_these_rooms_is_hit():
    tested = {
        *PUBLISHING,
        *WITHDRAWING,
        *SETTLING,
        *POLLING,
        *SENDING,
        *HEARING,
        *TO_ALL,
        *BY_ALLOW,
    }
    declared = {name for name in POINTS if name.startswith(ROOMS)}
    assert declared == tested
    assert len(tested) >= 12


def sending(company):
    return len(company.house.deliveries.page(Delivery.state == State.SENDING, first=100).items)


@pytest.mark.parametrize("turn", turns(20))
def test_told_to_stop_they_finish_what_is_under_way_and_let_go(company, publisher, request, turn):
    """F22, the workers' side: SIGTERM while eight sends are in flight."""
    placements = [placed(company, request) for _ in range(8)]
    company.sandbox.knobs(slow={"path": "freepublish/submit", "seconds": 9, "times": 8})
    workers = [publisher.begin(**company.job, do="serve", lease=30) for _ in placements]
    assert eventually(lambda: sending(company) == 8), sending(company)
    for worker in workers:
        os.kill(worker, signal.SIGTERM)
    assert [publisher.ended(worker) for worker in workers] == [0] * 8
    for placement in placements:
        (delivery,) = company.house.deliveries.of_placement(placement.id)
        assert delivery.state in {State.SUBMITTED, State.DONE}
        assert delivery.lease_until is None
        assert len(articles(company, placement)) == 1
    assert company.house.leases.live() == []
