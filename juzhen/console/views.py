"""Saved views (保存的视图): the lists that somebody wants to see again, above the list itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from juzhen.console.desk import done
from juzhen.saved_views import PAGES, SavedView
from juzhen.web import pages
from juzhen.web.asking import asker
from kernel.errors import Invalid

if TYPE_CHECKING:
    from juzhen.wiring import Platform


class Shown(NamedTuple):
    """A view with what the page needs of it."""

    view: SavedView
    url: str
    mine: bool
    here: bool


def install(door: Blueprint, platform: Platform) -> None:
    @door.post("/views/<page>")
    def save_view(page: str) -> AnyResponse:
        """Keep what the page was asked, as its address says it."""
        if page not in PAGES:
            raise Invalid("page", "not_a_choice", choices=[*PAGES])
        asked: dict[str, Any] = {name: request.args.getlist(name) for name in PAGES[page]}
        shared = request.form.get("shared") == "yes"
        platform.saved_views.save(
            page, request.form.get("title", ""), asked, by=asker().id, shared=shared
        )
        return done(page, "saved_view", **asked)

    @door.post("/views/<page>/<key>")
    def remove_view(page: str, key: str) -> AnyResponse:
        platform.saved_views.remove(key, by=asker().id)
        kept: dict[str, Any] = {name: request.args.getlist(name) for name in PAGES.get(page, ())}
        return done(page if page in PAGES else "home", "removed_view", **kept)

    @door.get("/shortcuts")
    def shortcuts() -> str:
        """Every key, for who has no script, or wants to print it."""
        return pages.render("console/shortcuts.html")

    @door.get("/views/<page>")
    def views_of(page: str) -> AnyResponse:
        """Nothing to see here: what was refused is mended on the page itself."""
        return redirect(url_for(f"console.{page if page in PAGES else 'home'}"), 303)


def shown(platform: Platform, page: str) -> dict[str, Any]:
    """What `views.html` needs: hers and what colleagues share, and what this page was asked."""
    actor = asker()
    now: dict[str, Sequence[str]] = {
        name: told for name in PAGES[page] if (told := [v for v in request.args.getlist(name) if v])
    }
    kept = [
        Shown(
            view, url_for(f"console.{page}", **view.asked),
            mine=view.owner == actor.id, here=view.asked == now,
        )
        for view in platform.saved_views.of(page, actor.id)
    ]  # fmt: skip
    return {"saved_views": kept, "views_page": page, "views_asked": now}
