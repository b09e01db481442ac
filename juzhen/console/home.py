"""The console's first page (后台首页): what is on, what is next, what needs a person."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Blueprint

from channels.deliveries.record import STUCK
from juzhen import beginning
from juzhen.console.desk import allowed
from juzhen.web import pages
from kernel.actors import may

if TYPE_CHECKING:
    from juzhen.wiring import Platform


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/")
    def home() -> str:
        actor = allowed("read_library")
        hers = actor.seen_units
        coming = platform.shelf.coming(limit=6, sight=hers)
        soon = platform.clock() + timedelta(days=1)
        counted = platform.deliveries.tally()
        stuck = sum(n for (_, state), n in counted.items() if state in STUCK)
        accounts = platform.accounts.all()
        begin = beginning.steps(platform) if may(actor, "manage_staff") else []
        return pages.render(
            "console/home.html",
            begin=begin,
            begin_next=beginning.next_of(begin),
            tally=platform.shelf.tally(sight=hers),
            shelves=[(each, platform.shelf.tally(each.id, sight=hers)) for each in accounts],
            stuck=stuck,
            total=platform.materials.page(sight=hers, first=0, count=True).total,
            coming=coming,
            soon=soon,
            accounts={account.id: account for account in accounts},
            materials=platform.materials.many({each.material for each in coming}),
            boundary=platform.shelf.next_boundary(),
            latest=platform.materials.page(sight=hers, first=5).items,
            types={kind.code: kind for kind in platform.types.all()},
        )
