"""Made there, managed here (平台内容): what accounts published themselves; testers' previews."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from channels.previewing import Previews
from channels.works import Listed, ListsWorks
from juzhen.console.desk import allowed, done, flaws_of, managed, seen
from juzhen.web import pages
from kernel.errors import Flaw, Problem

if TYPE_CHECKING:
    from juzhen.wiring import Platform


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/elsewhere")
    def elsewhere() -> str:
        return _page(platform)

    @door.post("/elsewhere")
    def take_works() -> AnyResponse | tuple[str, int]:
        """What was ticked becomes references, to be tagged."""
        actor, account = allowed("edit_materials"), request.form.get("account", "")
        ticked = request.form.getlist("work")
        try:
            taken = platform.works.take(account, ticked, by=actor.id, unit=actor.unit)
        except Problem as refusal:
            return _page(platform, refusal), 422
        return done("library", "took_works", n=len(taken), untagged="yes")

    @door.get("/materials/<key>/testers")
    def testers(key: str) -> str:
        allowed("place_materials")
        return _testers(platform, key)

    @door.post("/materials/<key>/testers")
    def show_tester(key: str) -> AnyResponse | tuple[str, int]:
        """One tester sees it on the platform, and nobody else."""
        actor = allowed("place_materials")
        managed(actor, seen(actor, platform, key).unit)
        account, tester = request.form.get("account", ""), request.form.get("tester", "")
        try:
            platform.previewing.show(key, account, tester, by=actor.id)
        except Problem as refusal:
            return _testers(platform, key, refusal), 422
        return done("testers", "shown_to_tester", key=key)


def _page(platform: Platform, refusal: Problem | None = None) -> str:
    allowed("edit_materials")
    accounts = platform.channels.able(ListsWorks)
    chosen = request.values.get("account") or (accounts[0].id if accounts else "")
    listed: list[Listed] = []
    onward = ""
    if chosen and refusal is None:
        try:
            listed, onward = platform.works.of(chosen, request.args.get("after", ""))
        except Problem as trouble:  # the platform's word stands on the page
            refusal = trouble
    return pages.render(
        "console/elsewhere.html", accounts=accounts, chosen=chosen, listed=listed, onward=onward,
        flaws=_told(refusal),
    )  # fmt: skip


def _testers(platform: Platform, key: str, refusal: Problem | None = None) -> str:
    actor = allowed("place_materials")
    return pages.render(
        "console/testers.html", material=seen(actor, platform, key),
        accounts=platform.channels.able(Previews), flaws=_told(refusal),
    )  # fmt: skip


def _told(refusal: Problem | None) -> list[Flaw]:
    return list(flaws_of(refusal)) if refusal else []
