"""The official account adapter over real HTTP, against the product's own sandbox."""

import pytest

from channels.base import Progress
from channels.contract import ChannelContract, SendingContract
from channels.deliveries import Delivery, State
from kernel.clock import utc_now
from kernel.events import Handle
from tests.channels.house import House
from tests.channels.sandboxed import running
from tests.channels.wechat.conftest import FOLLOW, Postman
from tests.rounds import publish_due


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with running(tmp_path_factory.mktemp("sandbox")) as process:
        yield process


@pytest.fixture
def wired(records, people, sandbox):
    house = House(records, people, utc_now, origins=[sandbox.url])
    yield house
    house.close()


@pytest.fixture
def account(wired, sandbox):
    return sandbox.account(wired)


@pytest.fixture
def channel(wired, account):
    return wired.channels.of(account)


class TestContract(ChannelContract):
    class Platform:
        """The sandbox, as the contract wants to see it."""

        def __init__(self, sandbox):
            self._sandbox, self._before = sandbox, len(sandbox.articles)

        def _now(self):
            return self._sandbox.articles[self._before :]

        @property
        def shown(self):
            return [article["title"] for article in self._now() if article["shown"]]

        @property
        def busy(self):
            return False

        @busy.setter
        def busy(self, on):
            self._sandbox.knobs(busy={"path": "draft"} if on else None)

        @property
        def silent(self):
            return False

        @silent.setter
        def silent(self, on):
            self._sandbox.knobs(lose_answer={"path": "submit"} if on else None)

    @pytest.fixture
    def platform(self, sandbox):
        yield self.Platform(sandbox)
        sandbox.knobs(busy=None, lose_answer=None)

    @pytest.fixture
    def genuine(self):
        return Postman(utc_now).sealed(FOLLOW)

    @pytest.fixture
    def forged(self):
        return Postman(utc_now).sealed(FOLLOW, token="guess")


class TestSendingContract(SendingContract):
    @pytest.fixture
    def friend(self, sandbox, account):
        openid = sandbox.ask("followers")["followers"][0]["openid"]
        sandbox.post(f"followers/{openid}/say", text="你好")
        return Handle("openid", account.id, openid)

    @pytest.fixture
    def platform(self, sandbox):
        before = len(sandbox.ask("sent")["messages"])

        class Heard:
            @property
            def heard(self):
                sent = sandbox.ask("sent")["messages"][before:]
                return [str(message) for message in sent]

        return Heard()


def test_a_follower_is_introduced(channel, sandbox, account):
    person = sandbox.ask("followers")["followers"][1]
    sandbox.post(f"followers/{person['openid']}/follow")
    her = Handle("openid", account.id, person["openid"])
    told = channel.introduce(her, utc_now())
    assert told.links == (Handle("unionid", "", person["unionid"]),)


def test_from_the_shelf_to_the_followers_and_off_again(wired, account, sandbox):
    before = len(sandbox.articles)
    placement = wired.placed(wired.material("开放日"), account)
    publish_due(wired.publishing)
    (article,) = sandbox.articles[before:]
    assert (article["title"], article["shown"]) == ("开放日", True)

    wired.publishing.retire(placement.id, by="li")
    wired.publishing.withdraw_due()
    (article,) = sandbox.articles[before:]
    assert not article["shown"]


def test_a_lost_answer_is_found_and_not_doubled(wired, account, sandbox):
    before = len(sandbox.articles)
    placement = wired.placed(wired.material("答复丢失"), account)
    sandbox.knobs(lose_answer={"path": "submit", "times": 1})
    publish_due(wired.publishing)
    (delivery,) = wired.deliveries.of_placement(placement.id)
    assert delivery.state == State.UNKNOWN

    look_now(wired, delivery)
    publish_due(wired.publishing)
    delivery = wired.deliveries.one(delivery.id)
    assert delivery.progress == Progress.SHOWN
    assert len(sandbox.articles) == before + 1


def look_now(house, delivery):
    """Two seconds later."""
    with house.records.write() as session:
        session.get(Delivery, delivery.id).next_at = house.clock()


def test_too_many_is_obeyed(wired, account, sandbox):
    sandbox.knobs(too_many={"path": "draft/add", "times": 1})
    placement = wired.placed(wired.material("限流"), account)
    publish_due(wired.publishing)
    (delivery,) = wired.deliveries.of_placement(placement.id)
    assert (delivery.state, delivery.reason) == (State.DUE, "platform_busy")
    assert delivery.next_at > utc_now()


def test_a_review_that_refuses_is_told_by_its_name(wired, account, sandbox):
    sandbox.knobs(refusing_words={"未过审": 4})
    placement = wired.placed(wired.material("未过审"), account)
    publish_due(wired.publishing)
    (delivery,) = wired.deliveries.of_placement(placement.id)
    told = wired.channels.of(account).outcome(delivery.ref)
    assert (told.progress, told.reason) == (Progress.REFUSED, "review_refused")
