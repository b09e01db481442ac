"""Building the demo company (搭建演示公司): once a folder; the same seed, the same company.

Records first, then the events go to the journal; the people whom the tour is about are digested
here, everybody else by the worker while the pages already answer.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from channels.deliveries import Lane, State
from data_hub.identities import own_id
from juzhen.demo import access, platforms, reaching
from juzhen.demo.advising import advise
from juzhen.demo.behaviour import EVENTS, Behaviour, Told, in_order
from juzhen.demo.choosing import choose
from juzhen.demo.company import APP, BY, OFFICIAL, Company, found
from juzhen.demo.home import forget, read, settings_of, write
from juzhen.demo.library import DAYS, pieces
from juzhen.demo.people import CAST, NUMBER, Person, entrust, invite, people
from juzhen.demo.stocking import Stock, Stocked, Then
from juzhen.settings import Settings
from juzhen.wiring import Platform, assemble, migrate
from kernel.clock import utc_now
from kernel.errors import Conflict
from kernel.events import Handle, unpack
from kernel.values import dataclass
from matching.experiments import held_out

SEED = 20_260_302
_APPENDED = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How big the company is; a test takes a slice of it."""

    customers: int = NUMBER
    events: int = EVENTS
    every: int = 1
    """Only every so many-th material."""


Tell = Callable[[str, int, int], None]
"""Told the name of a step, how much of it is done, and of how much."""


def build(home: Path, port: int, tell: Tell, *, size: Size | None = None) -> None:
    """Build everything. What an interrupted build left behind is thrown away first."""
    forget(home)
    settings = settings_of(home, port)
    migrate(settings)
    now, size = utc_now(), size or Size()
    clock = Then(now - timedelta(days=DAYS))
    # Nothing is acknowledged to anybody yet: what a power cut takes is built again.
    platform = assemble(replace(settings, stores_durability="process"), clock=clock)
    try:
        dice = random.Random(SEED)  # noqa: S311  # no secret
        if platform.staff.page().items:
            raise Conflict("demo_is_there_by_half")
        tell("company", 0, 1)
        company = found(platform, settings.demo_sandbox, dice)
        tell("company", 1, 1)
        today = platform.zone.day(now)
        everybody = people(company, today, dice, size.customers)
        entrust(platform, company, everybody, lambda done: tell("people", done, len(everybody)))
        invite(platform, company, everybody)
        stocked = _library(platform, company, clock, size, dice, tell)
        told = Behaviour(company, stocked, now, platform.zone, dice).of(everybody, size.events)
        clock.now = now
        choose(platform, now)
        dice = random.Random(SEED)  # noqa: S311  # no secret
        held = _held_out(told, platform.responses.hold_out)
        for place, event in advise(platform, company, everybody, stocked, now, dice, held):
            told[place].append(event)
        cast = everybody[:CAST]
        there = platforms.join(platform, company, cast, settings.demo_sandbox)
        told[0] += reaching.friends(company, there.wecom, cast, now)
        _tell_all(platform, company, everybody, told, tell)
        _park(platform, company, everybody, stocked)  # first: it takes the only message there is
        runs = platforms.run_through(platform, company, there, stocked, cast)
        doors = access.open_doors(platform, company, stocked, everybody[0])
        platform.day_round.run()
    finally:
        platform.close()
    _introduce(home, company, everybody, doors["tokens"]["channel_app"], there, runs)
    os.sync()
    urls = {"url": settings.public_url, "sandbox_url": settings.demo_sandbox}
    write(home, urls | doors)


def _held_out(told: Sequence[Sequence[Told]], share: float) -> set[int]:
    """Who of everybody is, by the handle that she was first known by: the one that names her."""
    held = set()
    for place, events in enumerate(told if share else ()):
        first = unpack(min(events).packed) if events else None
        if first and first.handle:
            named = min(map(str, (first.handle, *first.links)))
            held |= {place} if held_out(own_id(named), share) else set()
    return held


def _library(
    platform: Platform,
    company: Company,
    clock: Then,
    size: Size,
    dice: random.Random,
    tell: Tell,
) -> list[Stocked]:
    now = clock.now + timedelta(days=DAYS)
    stock = Stock(platform, company, clock, now)
    stock.campaigns()
    wanted = [
        piece
        for number, piece in enumerate(pieces(platform.zone.day(now), dice))
        if number % size.every == 0 or piece.code == access.MATERIAL
    ]
    return stock.fill(wanted, lambda done: tell("library", done, len(wanted)))


def _tell_all(
    platform: Platform,
    company: Company,
    everybody: Sequence[Person],
    told: Sequence[list[Told]],
    tell: Tell,
) -> None:
    """Into the journal: first the star rep's customers, who are digested at once."""
    first = [n for n, person in enumerate(everybody) if person.rep == 0 or person.number < CAST]
    chosen = set(first)
    ahead = in_order([told[n] for n in first])
    others = in_order([events for n, events in enumerate(told) if n not in chosen])
    whole, done = len(ahead) + len(others), len(ahead)
    for batch in _batches(ahead):
        platform.journal.append(batch)
        platform.fold.run()
    for n in first:
        platform.digest.ahead([everybody[n].handle(company)])
    for batch in _batches(others):
        platform.journal.append(batch)
        done += len(batch)
        tell("events", done, whole)


def _batches(events: Sequence[Told]) -> Iterator[list[bytes]]:
    for first in range(0, len(events), _APPENDED):
        yield [each.packed for each in events[first : first + _APPENDED]]


def _park(
    platform: Platform, company: Company, everybody: Sequence[Person], stocked: Sequence[Stocked]
) -> None:
    """One message that the platform would not take: she has not written for too long."""
    silent = next(p for p in everybody if p.rep == 0 and p.openid and p.silent)
    platform.deliveries.queue(
        account=company.official.id, occasion="demo:parked", by=BY, rep=company.reps[0].id,
        target=Handle("openid", company.official.id, silent.openid), purpose="service",
        material=next(each.id for each in stocked if each.piece.type == "image_text"),
    )  # fmt: skip
    claimed = platform.deliveries.claim(lambda delivery: delivery, lane=Lane.MESSAGE)
    if claimed is None or not platform.deliveries.park(claimed[0], Conflict("reply_window_closed")):
        raise Conflict("delivery_not_parked", delivery="demo:parked", state=State.DUE.value)


def _introduce(
    home: Path,
    company: Company,
    everybody: Sequence[Person],
    token: str,
    there: platforms.Platforms,
    runs: Mapping[str, str],
) -> None:
    """Tell the sandbox whom it plays: our accounts, the first of our customers, what runs there."""
    cast = everybody[:CAST]
    official = company.sandbox | {
        "code": OFFICIAL, "name": company.official.name, "write_key": company.official.write_key,
        "cast": [
            {
                "openid": person.openid, "unionid": person.unionid, "name": person.name,
                "follows": True, "wrote": person.number == 0,
            }
            for person in cast
        ],
    }  # fmt: skip
    app = {
        "kind": "app", "code": APP, "name": company.app.name, "token": token,
        "write_key": company.app.write_key,
        "customers": [
            {
                "user_id": person.user, "name": person.name, "phone": person.phone,
                "unionid": person.unionid,
            }
            for person in cast
        ],
    }  # fmt: skip
    folder = home / "sandbox"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / "accounts.json", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump([official, app, *there.told], file, ensure_ascii=False)
    (folder / "campaign.json").write_text(json.dumps(dict(runs), ensure_ascii=False), "utf-8")


def move(home: Path, settings: Settings) -> None:
    """Go on with a company that was built under another port."""
    told = read(home)
    platform = assemble(settings)
    try:
        for account in platform.accounts.all():
            moved = {
                name: value.replace(told["sandbox_url"], settings.demo_sandbox)
                for name, value in account.settings.items()
                if name in ("base_url", "url") and isinstance(value, str)
            }
            if moved:
                platform.accounts.edit(account.code, settings=account.settings | moved, by=BY)
    finally:
        platform.close()
    write(home, told | {"url": settings.public_url, "sandbox_url": settings.demo_sandbox})
