"""One hub, many ends: what was made once goes to each of them, and none keeps a truth."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, update

from channels.hand_offs import HandOff
from channels.inbox import InboxMessage
from kernel.events import Ecosystem, Handle
from tests.channels.house import House
from tests.channels.sandboxed import running

HOUR = timedelta(hours=1)
HER = Handle("user", "acc_app", "u1")
MADE, EDITED = "养老规划", "养老规划（修订）"


class Ends:
    """An official account on the sandbox, whoever posts on Douyin, and an app that somebody has."""

    def __init__(self, house, sandbox):
        self.house, self._sandbox = house, sandbox
        self._app = house.account(code="app", kind="app", ecosystem=Ecosystem.OWN_APP)
        douyin = house.account(
            code="dy", kind="douyin", ecosystem=Ecosystem.VIDEO, secrets={"client_secret": "s"}
        )  # fmt: skip
        self._placing = [sandbox.account(house), douyin, self._app]

    def made(self):
        """An invitation to a livestream: an article on one end, a post on another."""
        tag = self.house.taxonomy.create("养老", "topic", by="li")
        return self.house.materials.create(
            "livestream", MADE, by="li", tags=[tag.id], body="<p>周五晚八点</p>"
        )

    def distribute(self, material, number, hours=(0, 1)):
        """Place it on all three, and write of it to somebody in the app; then its deliveries."""
        house = self.house
        placed = [house.placed(material, each, hours=hours) for each in self._placing]
        told = house.publishing.send(
            HER, self._app.code, occasion=f"rem_{number}", purpose="service", by="stf_1",
            material=material.id,
        )  # fmt: skip

        def deliveries():
            posts = [post for each in placed for post in house.deliveries.of_placement(each.id)]
            return [*posts, house.deliveries.one(told.id)]

        return deliveries

    def shown(self):
        """The titles on each end, the oldest first."""
        house = self.house
        app = [each.title for each in house.inbox.page([HER]).items][::-1]
        douyin = [each.title for each in house.hand_offs.page(first=9).items][::-1]
        return [[each["title"] for each in self._sandbox.articles], douyin, app]

    def work(self):
        while self.house.work():
            pass


@pytest.fixture
def ends(records, people, clock, tmp_path):
    with running(tmp_path / "sandbox") as sandbox:
        clock.now = datetime.fromisoformat(sandbox.ask("clock")["now"])
        house = House(records, people, clock, origins=[sandbox.url])
        yield Ends(house, sandbox)
        house.close()


@pytest.mark.rule("R1.1", "R1.2")
def test_one_material_goes_to_three_ends_as_it_stands_when_it_is_sent(ends):
    house, material = ends.house, ends.made()
    sent = ends.distribute(material, 1)
    house.materials.edit(material.id, title=EDITED, by="li")
    ends.work()

    assert ends.shown() == [[EDITED]] * 3
    assert {each.material for each in sent()} == {material.id}
    assert len({each.account for each in sent()}) == 3


@pytest.mark.rule("R1.3")
def test_an_end_that_loses_or_spoils_what_it_was_given_has_it_from_the_hub_again(ends, clock):
    house, material = ends.house, ends.made()
    ends.distribute(material, 1)
    ends.work()
    with house.records.write() as session:
        session.execute(update(HandOff).values(title="别的"))
        session.execute(delete(InboxMessage))
    assert house.materials.one(material.id).title == MADE

    clock.move(2 * HOUR)
    ends.distribute(material, 2)
    ends.work()
    assert ends.shown() == [[MADE, MADE], ["别的", MADE], [MADE]]
