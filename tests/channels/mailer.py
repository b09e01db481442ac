"""A house that mails through WeCom, and rounds of its worker that a process may do."""

from datetime import datetime

from channels.broadcasts.keeper import Broadcasts
from channels.broadcasts.planning import Planning
from channels.mailings import Mailings, MailPost
from channels.reps import Reps
from channels.wechat.mail import LetterBox
from channels.wechat.tokens import Tokens
from channels.wechat.uploads import Uploads
from channels.wechat.wecom.channel import WeCom
from channels.wechat.wecom.wire import WeComWire
from content_hub.compliance import Compliance
from data_hub.customers import Customers
from data_hub.staff import StaffBook
from kernel.events import Event, Handle
from kernel.ids import new_id
from kernel.secret import Secret
from stores.records import Records
from tests.channels.house import House

CORP = "ww5823bf96d3bd56c7"


class Mailer(House):
    """The channels, with a corporation whose reps are zhang and li."""

    def __init__(self, records, people, clock, url):
        super().__init__(records, people, clock, origins=[url])
        self.url = url
        self.staff = StaffBook(records, self.changes)
        self.reps = Reps(records, self.staff, self.changes)
        self.channels._factories["wecom"] = self._wecom
        self.customers = Customers(
            people, records, self.identities, None, self.staff, self.changes, clock
        )
        self.broadcasts = Broadcasts(
            records=records, changes=self.changes, accounts=self.accounts,
            deliveries=self.deliveries, segments=None, identities=self.identities,
            policy=self.touch_policy, shelf=self.shelf, clock=clock,
            compliance=Compliance(records, self.changes, clock),
        )  # fmt: skip
        self.planning = Planning(
            records=records, deliveries=self.deliveries, segments=None,
            identities=self.identities, clock=clock, in_whose_name=self._in_whose_name,
        )  # fmt: skip
        self.mailings = Mailings(
            records, self.changes, self.deliveries, self.channels, clock,
            self.publishing.last_question.of_messages,
        )  # fmt: skip
        self.mail_post = MailPost(
            records=records, clock=clock, accounts=self.accounts, channels=self.channels,
            deliveries=self.deliveries, courier=self.courier, composer=self.composer,
            materials=self.materials, against=self.publishing.last_question.spoken_against,
        )  # fmt: skip

    def _in_whose_name(self, account, customers):
        return self.customers.reps(customers) if self.channels.take_many(account) else {}

    def _wecom(self, account, _):
        wire = WeComWire(
            self.outbound, Tokens(self.records, self.leases, self.sealer, self.clock), self.gate,
            account=account.id, appid=CORP, secret=Secret("s"), host=f"{self.url}/wecom",
            per_minute=60_000,
        )  # fmt: skip
        letters = LetterBox(self.clock, account=account.id, token="t", envelope=None)
        return WeCom(
            wire, Uploads(self.records, self.clock), self.reps, letters, self.clock,
            account=account.id, agent=1000002,
        )  # fmt: skip

    def friends(self, rows):
        """The account, and its customers as the platform's walk would make them known."""
        account = self.account("wecom", "wecom")
        for name in ("zhang", "li"):
            self.staff.add(name, name, by="t")
        handles = [Handle("external_userid", account.id, row["external"]) for row in rows]
        now = self.clock()
        events = [
            Event(
                id=new_id("evt"), kind="followed", at=now, received=now, account=account.id,
                ecosystem="wechat", handle=handle,
            )
            for handle in handles
        ]  # fmt: skip
        for begin in range(0, len(events), 500):
            self.identities.note(events[begin : begin + 500])
        for handle, row in zip(handles, rows, strict=True):
            self.customers.entrust(handle, row["userid"], by="t")
        return account

    def mail(self):
        """Rounds of what a worker does about broadcasts, until nothing is left to do now."""
        while (
            self.planning.run()
            + self.publishing.gate()
            + self.mailings.gather()
            + self.mail_post.run()
        ):
            pass


def mail(urls, corp, now):
    """As somebody who has these stores, at this moment."""
    stores = [Records(each, durability="process") for each in urls]
    Mailer(*stores, lambda: datetime.fromisoformat(now), corp).mail()
