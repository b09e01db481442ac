"""Live codes (渠道活码、群活码): a code for every way a customer may come, and its welcome.

A tracked link gets a mini program's code of its own (小程序码), whose short key stands for it.
A row first, the platform after: what was asked of a platform that did not answer is looked for
before it is asked again. A code's ``state`` comes back with whoever scanned it. Draws no picture.
"""

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from sqlalchemy import String, UniqueConstraint, cast, select
from sqlalchemy.orm import Mapped, mapped_column

from channels.accounts import Account, Accounts, Channels
from channels.base import wait_after
from content_hub.compliance import Compliance
from kernel.clock import Clock
from kernel.errors import Conflict, Invalid, NotFound, Problem
from kernel.ids import Page, new_id
from kernel.values import dataclass
from stores.changes import Changes
from stores.paging import newest_first
from stores.records import Record, Records
from stores.waiting import GOES_BACK

_AGAIN = timedelta(seconds=30)
_RENEWED = timedelta(days=2)
"""So long before its end a link is made anew."""
CODE, LINK, GROUP, SHARED = "code", "link", "group", "shared"
MOST_GROUPS = 5


@dataclass(frozen=True, slots=True)
class Code:
    """What the platform calls it, and where its picture is."""

    ref: str
    picture: str
    """Empty if the platform gives no address of it, or it is a link."""
    drawn: bytes = field(default=b"", repr=False)
    """The picture itself, where there is no address."""
    address: str = ""
    """Where a link leads."""
    until: datetime | None = None
    """When the platform lets it end; it is renewed before."""


@runtime_checkable
class MakesCodes(Protocol):
    """A channel that can make codes which say how somebody came."""

    def make_code(self, state: str, reps: Sequence[str], *, remark: str, confirm: bool) -> Code: ...

    def find_code(self, state: str, since: datetime) -> Code | None:
        """After a lost answer: was it made?"""
        ...

    def drop_code(self, code: str) -> None:
        """Dropping twice does no harm."""
        ...


@runtime_checkable
class MakesLinks(Protocol):
    """A channel that can make links, for where no code can be scanned: a text, a mail, a page."""

    def make_link(self, state: str, reps: Sequence[str], *, remark: str, confirm: bool) -> Code: ...

    def find_link(self, state: str, since: datetime) -> Code | None: ...

    def drop_link(self, ref: str) -> None:
        """Dropping twice does no harm."""
        ...


@runtime_checkable
class MakesGroupCodes(Protocol):
    """A channel that can make codes which lead into groups."""

    def make_group_code(self, state: str, groups: Sequence[str], *, remark: str) -> Code: ...

    def drop_group_code(self, ref: str) -> None:
        """Dropping twice does no harm."""
        ...


_CAN = {CODE: MakesCodes, LINK: MakesLinks, GROUP: MakesGroupCodes}
_MINI_PROGRAM = "mini_program"


@runtime_checkable
class LeadsToNobody(Protocol):
    """A channel whose codes lead to the account itself and to no rep."""

    codes_lead_to: str
    """What they lead to instead: ``account``, or a ``mini_program`` that asks what brought her."""


class LiveCode(Record, kw_only=True):
    """One way in. ``ref`` is empty until the platform has made it."""

    __tablename__ = "live_codes"
    __table_args__ = (UniqueConstraint("account", "state"),)

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("lcd"))
    account: Mapped[str]
    state: Mapped[str]
    name: Mapped[str]
    reps: Mapped[list[str]] = mapped_column(default_factory=list)
    """Staff whom it leads to; whoever is free among them gets the customer."""
    confirm: Mapped[bool] = mapped_column(default=False)
    """Must the rep accept her first?"""
    words: Mapped[str] = mapped_column(default="")
    """The welcome message; empty is the account's own."""
    material: Mapped[str] = mapped_column(default="")
    """Goes along with the welcome, if it stands on the shelf then."""
    campaign: Mapped[str] = mapped_column(default="")
    ref: Mapped[str] = mapped_column(default="")
    picture: Mapped[str] = mapped_column(default="")
    kind: Mapped[str] = mapped_column(default=CODE)
    """A code to be scanned, a link to be opened, a code that leads into groups, or one that stands
    for a tracked link."""
    groups: Mapped[list[str]] = mapped_column(default_factory=list)
    """What the platform calls the groups that it leads into."""
    address: Mapped[str] = mapped_column(default="")
    """Where a link leads."""
    stands_for: Mapped[str] = mapped_column(default="", index=True)
    """The code of the tracked link whose picture it is."""
    reason: Mapped[str] = mapped_column(default="")
    """Why the platform has not made it yet: a key of `kernel.wording`."""
    by: Mapped[str]
    created: Mapped[datetime]
    next_at: Mapped[datetime | None] = mapped_column(default=None, index=True, info=GOES_BACK)
    """When the platform is to be asked again; None if nothing is owed."""
    dropped: Mapped[datetime | None] = mapped_column(default=None)


class LiveCodes:
    """Every way in."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        accounts: Accounts,
        channels: Channels,
        clock: Clock,
        keep: Callable[[bytes], str] | None = None,
        *,
        auto_add: bool = True,
    ) -> None:
        """``keep`` keeps a picture that came without an address, and says where it is.
        Without ``auto_add`` a rep confirms everybody who comes by a code."""
        self._auto_add = auto_add
        self._keep = keep
        self._records = records
        self._changes = changes
        self._accounts = accounts
        self._channels = channels
        self._clock = clock
        self._compliance = Compliance(records, changes, clock)

    def create(
        self,
        account: str,
        name: str,
        *,
        by: str,
        reps: Sequence[str] = (),
        words: str = "",
        material: str = "",
        campaign: str = "",
        confirm: bool = False,
        kind: str = CODE,
        groups: Sequence[str] = (),
    ) -> LiveCode:
        """Ask for one. It is there when ``ref`` is; a platform that is away is asked again.

        Raises `Conflict` for an account whose channel knows no such codes, or no links.
        """
        there = self._accounts.one(account)
        channel = self._channels.of(there)
        if kind not in _CAN:
            raise Invalid("kind", "unknown_kind_of_way")
        if not isinstance(channel, _CAN[kind]):
            raise Conflict(f"channel_makes_no_{kind}s", account=there.code)
        if reps and (kind == GROUP or isinstance(channel, LeadsToNobody)):
            raise Invalid("reps", "code_leads_to_no_rep")
        if (kind == GROUP) != bool(groups) or len(groups) > MOST_GROUPS:
            raise Invalid("groups", "way_into_groups", limit=MOST_GROUPS)
        if not name.strip():
            raise Invalid("name", "field_is_missing")
        if said := self._compliance.barred(words):
            raise Invalid("words", "words_may_not_be_said", words=[*said])
        now = self._clock()
        code = LiveCode(
            account=there.id, state=f"lc{secrets.token_hex(6)}", name=name.strip()[:60],
            reps=list(dict.fromkeys(reps)), confirm=confirm or not self._auto_add, words=words,
            material=material, kind=kind, groups=list(dict.fromkeys(groups)), campaign=campaign,
            by=by, created=now, next_at=now + _AGAIN,
        )  # fmt: skip
        return self._make(self._kept(code), look=False)

    def share(self, account: str, link: str, name: str, *, material: str, by: str) -> LiveCode:
        """The mini program's code of a tracked link; the same link has the same one.

        Raises `Conflict` for an account that is no mini program.
        """
        there = self._accounts.one(account)
        if not self.shares(there):
            raise Conflict("channel_draws_no_links", account=there.code)
        now = self._clock()
        code = LiveCode(
            account=there.id, state=f"tl{secrets.token_hex(6)}", name=name.strip()[:60],
            kind=SHARED, stands_for=link, material=material, by=by, created=now,
            next_at=now + _AGAIN,
        )  # fmt: skip
        with self._records.write(f"shared:{link[:20]}"):
            if drawn := self.of_link(there.id, link):
                return drawn
            self._kept(code)
        return self._make(code, look=False)

    def shares(self, account: Account) -> bool:
        """Can its channel draw codes that lead into a mini program?"""
        try:
            channel = self._channels.of(account)
        except Problem:
            return False
        leads = isinstance(channel, LeadsToNobody) and channel.codes_lead_to == _MINI_PROGRAM
        return leads and isinstance(channel, MakesCodes)

    def of_link(self, account: str, link: str) -> LiveCode | None:
        """The code that was drawn of a tracked link."""
        wanted = select(LiveCode).where(
            LiveCode.account == account, LiveCode.stands_for == link, LiveCode.dropped.is_(None)
        )
        with self._records.read() as session:
            return session.scalar(wanted)

    def of_rep(self, rep: str, *, owed: bool = False) -> LiveCode | None:
        """The newest code with a picture that leads to her alone; ``owed``: or one that was asked
        for and has none yet."""
        hers = select(LiveCode).where(
            LiveCode.kind == CODE, LiveCode.dropped.is_(None),
            cast(LiveCode.reps, String) == json.dumps([rep]),
        )  # fmt: skip
        if not owed:
            hers = hers.where(LiveCode.picture != "")
        with self._records.read() as session:
            return session.scalar(hers.order_by(LiveCode.id.desc()).limit(1))

    def lead_to(self, account: str, rep: str, name: str, *, by: str) -> LiveCode:
        """The code by which she is added herself. Who has one, or asked for one that is still
        owed, gets no second.

        Raises `Conflict` for an account whose channel knows no such codes.
        """
        there = self._accounts.one(account)
        channel = self._channels.of(there)
        if not isinstance(channel, MakesCodes) or isinstance(channel, LeadsToNobody):
            raise Conflict("channel_makes_no_codes", account=there.code)
        now = self._clock()
        code = LiveCode(
            account=there.id, state=f"lc{secrets.token_hex(6)}", name=name[:60], reps=[rep],
            confirm=not self._auto_add, kind=CODE, by=by, created=now, next_at=now + _AGAIN,
        )  # fmt: skip
        with self._records.write(f"leads_to:{rep}"):
            if hers := self.of_rep(rep, owed=True):
                return hers
            self._kept(code)
        return self._make(code, look=False)

    def _kept(self, code: LiveCode) -> LiveCode:
        with self._records.write() as session:
            session.add(code)
            self._changes.note(
                "live_code_created", "live_code", code.id, by=code.by, account=code.account
            )
        return code

    def drop(self, key: str, *, by: str) -> LiveCode:
        """Let nobody come this way any more. Dropping twice does no harm."""
        with self._records.write() as session:
            code = session.get(LiveCode, key, with_for_update=True)
            if code is None:
                raise NotFound("live_code", key[:60])
            if code.dropped is None:
                code.dropped = code.next_at = self._clock()
                self._changes.note("live_code_dropped", "live_code", code.id, by=by)
        return self._settle(code)

    def one(self, key: str) -> LiveCode:
        """Raises `NotFound`."""
        with self._records.read() as session:
            if code := session.get(LiveCode, key):
                return code
        raise NotFound("live_code", key[:60])

    def of_state(self, account: str, state: str) -> LiveCode | None:
        """The way somebody came by."""
        wanted = select(LiveCode).where(LiveCode.account == account, LiveCode.state == state)
        with self._records.read() as session:
            return session.scalar(wanted) if state else None

    def page(
        self, *, account: str = "", first: int = 20, after: str | None = None
    ) -> Page[LiveCode]:
        """The newest first. Those of tracked links stand with their links."""
        wanted = select(LiveCode).where(LiveCode.kind != SHARED)
        if account:
            wanted = wanted.where(LiveCode.account == account)
        return newest_first(self._records, wanted, LiveCode.id, first=first, after=after)

    def finish(self, limit: int = 20) -> int:
        """Do what platforms still owe: make what was not made, drop what was dropped here."""
        due = select(LiveCode).where(LiveCode.next_at <= self._clock())
        with self._records.read() as session:
            owed = list(session.scalars(due.order_by(LiveCode.next_at).limit(limit)))
        for code in owed:
            self._settle(code) if code.dropped else self._make(code, look=True)
        return len(owed)

    def _make(self, code: LiveCode, *, look: bool) -> LiveCode:
        def make() -> Code:
            channel = self._channels.of(code.account)
            if code.kind == GROUP:
                assert isinstance(channel, MakesGroupCodes)  # noqa: S101 — asked when it was created
                return channel.make_group_code(code.state, code.groups, remark=code.name)
            how: Any = {"remark": code.name, "confirm": code.confirm}
            if code.kind == LINK:
                assert isinstance(channel, MakesLinks)  # noqa: S101 — asked when it was created
                made = channel.find_link(code.state, code.created) if look else None
                return made or channel.make_link(code.state, code.reps, **how)
            assert isinstance(channel, MakesCodes)  # noqa: S101 — asked when it was created
            made = channel.find_code(code.state, code.created) if look else None
            return made or channel.make_code(code.state, code.reps, **how)

        try:
            made = make()
            if made.drawn and self._keep is not None:
                made = replace(made, picture=self._keep(made.drawn))
        except Problem as trouble:
            return self._note(code, reason=trouble.reason, wait=wait_after(trouble, _AGAIN))
        return self._note(code, made=made)

    def _settle(self, code: LiveCode) -> LiveCode:
        try:
            channel = self._channels.of(code.account)
            if code.ref and code.kind == LINK and isinstance(channel, MakesLinks):
                channel.drop_link(code.ref)
            elif code.ref and code.kind == GROUP and isinstance(channel, MakesGroupCodes):
                channel.drop_group_code(code.ref)
            elif code.ref and isinstance(channel, MakesCodes):
                channel.drop_code(code.ref)
        except Problem as trouble:
            return self._note(code, reason=trouble.reason, wait=wait_after(trouble, _AGAIN))
        return self._note(code)

    def _note(
        self, code: LiveCode, *, made: Code | None = None, reason: str = "",
        wait: timedelta | None = None,
    ) -> LiveCode:  # fmt: skip
        with self._records.write() as session:
            kept = session.get_one(LiveCode, code.id, with_for_update=True)
            kept.reason, kept.next_at = reason, self._clock() + wait if wait else None
            if made is not None:
                kept.ref, kept.picture, kept.address = made.ref, made.picture, made.address
                if kept.dropped is not None:  # while the platform made it: nobody wants it there
                    kept.next_at = self._clock()
                elif made.until is not None:
                    kept.next_at = made.until - _RENEWED
        return kept
