"""What a customer does on our page (客户动作): like, ask, return, leave a contact, book, draw.

One act for the page and for her own front end. Each is one event under her handle; a phone that she
leaves joins that handle, after she agreed to be called. Shows nothing and sends nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any, NamedTuple

from channels.preferences import OptedOut, Preferences
from content_hub import richtext
from content_hub.campaigns import Draws
from content_hub.campaigns.draws import Draw
from content_hub.shelf import Shelf
from data_hub.consents import MARKETING, SERVICE, Consents
from data_hub.identities import Identities, phone
from data_hub.intake import Intake
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.errors import Conflict, Invalid
from kernel.events import Event, Handle
from stores.records import Records

WORDING = "contact-1"
"""Which text she agrees to; counted up whenever its words change."""
ACTS = ("like", "ask", "return", "leave_contact", "book", "draw", "opt_out")
_LONGEST = 500


class Visit(NamedTuple):
    """Who is on which material's page, and how she came."""

    material: str
    handle: Handle
    account: str
    """Empty without a link; then any shelf will do."""
    rep: str
    ecosystem: str


class Said(NamedTuple):
    """What she filled in."""

    phone: str = ""
    agreed: bool = False
    text: str = ""
    when: str = ""


class Outcome(NamedTuple):
    """What came of it: the prize that she drew, or what is cancelled."""

    act: str
    draw: Draw | None = None
    opted_out: OptedOut | None = None


class CustomerActs:
    """Acts of customers."""

    def __init__(
        self,
        *,
        records: Records,
        shelf: Shelf,
        draws: Draws,
        consents: Consents,
        preferences: Preferences,
        identities: Identities,
        intake: Intake,
        clock: Clock,
        zone: Zone,
    ) -> None:
        self._records = records
        self._shelf = shelf
        self._draws = draws
        self._consents = consents
        self._preferences = preferences
        self._identities = identities
        self._intake = intake
        self._clock = clock
        self._zone = zone

    def campaign(self, material: str, account: str) -> str:
        """The campaign for which it is shown there now; empty if for none."""
        now = self._clock()
        for each in self._shelf.of_material(material):
            if each.campaign and account in {"", each.account} and self._shelf.stands(each.id, now):
                return str(each.campaign)
        return ""

    def offered(self, material: str, account: str) -> str:
        """The campaign whose prizes may be drawn there now; empty if there is none."""
        campaign = self.campaign(material, account)
        return campaign if campaign and self._draws.prizes(campaign).quota else ""

    def do(self, act: str, visit: Visit, said: Said) -> Outcome:
        """Raises `Invalid` for an unknown act or what is missing, `Conflict` for a material that
        is shown no more. Repeating one the same day adds nothing; opting out always works."""
        if act not in ACTS:
            raise Invalid("act", "not_a_choice", choices=[*ACTS])
        if act == "opt_out":
            return Outcome(act, opted_out=self._opt_out(visit))
        if not self._shelf.standing_ids(visit.account, [visit.material]):
            raise Conflict("is_no_longer_shown")
        if act == "like":
            self._tell("liked_material", visit)
        elif act == "ask":
            self._tell("case_opened", visit, text=_text("text", said.text))
        elif act == "return":  # she owes nobody a reason
            self._tell("asked_return", visit, text=_text("text", said.text))
        elif act == "draw":
            return self._draw(visit, said)
        elif act == "book":
            when = _text("when", said.when)
            self._tell("booked", visit, self._contact(visit, said), when=when)
        else:
            self._tell("left_contact", visit, self._contact(visit, said))
        return Outcome(act)

    def _draw(self, visit: Visit, said: Said) -> Outcome:
        campaign = self.offered(visit.material, visit.account)
        if not campaign:
            raise Conflict("nothing_to_draw_for")
        contact = self._contact(visit, said)
        drawn = self._draws.draw(campaign, contact, account=visit.account)
        self._tell("left_contact", visit, contact)
        return Outcome("draw", draw=drawn)

    def _contact(self, visit: Visit, said: Said) -> Handle:
        """Her phone, once she agreed to be called; kept before anything is told of it."""
        reached = phone(said.phone)
        if reached is None:
            raise Invalid("phone", "not_a_phone" if said.phone.strip() else "missing")
        if not said.agreed:
            raise Invalid("agreed", "needs_her_consent")
        self._consents.allow(
            [reached], SERVICE, source="customer_page", by="customer", wording=WORDING
        )
        return reached

    def _opt_out(self, visit: Visit) -> OptedOut:
        hers: Collection[Handle] = {visit.handle, *self._handles(visit.handle)}
        return self._preferences.opt_out(
            sorted(hers, key=str), MARKETING, source="customer_page", by="customer"
        )

    def _handles(self, handle: Handle) -> list[Handle]:
        her = self._identities.customer_of(handle)
        return self._identities.handles_of([her]).get(her, [])

    def _tell(self, kind: str, visit: Visit, link: Handle | None = None, **detail: Any) -> None:
        now = self._clock()
        today = self._zone.day(now)
        same = f"{kind} {visit.handle} {visit.material} {today} {link} {sorted(detail.items())}"
        event = Event(
            id=f"page-{hashlib.blake2b(same.encode(), digest_size=16).hexdigest()}",
            kind=kind, at=now, account=visit.account or "juzhen", ecosystem=visit.ecosystem,
            handle=visit.handle, links=(link,) if link else (), material=visit.material,
            rep=visit.rep, detail={name: value for name, value in detail.items() if value},
        )  # fmt: skip
        self._intake.take([event], door="page")


def _text(field: str, text: str) -> str:
    if flaws := list(richtext.text_flaws(field, text, _LONGEST)):
        raise Invalid.because(flaws)
    return richtext.tidy(text)
