"""The app's twin (应用分身): a phone that shows the company's app, live from the hub.

A front end like any company's: it asks ``shelf(...)`` with its own token on every look and keeps
nothing, so what is retired is gone with the next look. A customer can be logged in and read.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from juzhen.sandbox.accounts import App, AppCustomer
from juzhen.sandbox.pages import framed
from juzhen.sandbox.readers import reader_of
from juzhen.sandbox.world import World

_COOKIE = "app_customer"


def blueprint(world: World) -> Blueprint:
    """The phone, its list, and logging in."""
    door = Blueprint("app_twin", __name__, url_prefix="/app")

    @door.get("")
    def phone() -> str | Answer:
        """With ``as`` it is that customer's own phone, on which she is logged in."""
        if user_id := request.args.get("as", ""):
            answer = redirect(url_for("app_twin.phone", code=request.args.get("code")), 303)
            answer.set_cookie(_COOKIE, user_id, httponly=True, samesite="Lax")
            return answer
        return render_template("app.html", **_seen(world))

    @door.get("/shelf")
    def shelf() -> str:
        """Only what moves, for the page to replace its own with."""
        return render_template("shelf.html", **_seen(world))

    @door.post("/login")
    def login() -> Answer:
        app, user_id = _app(world), request.form.get("user_id", "")
        answer = redirect(url_for("app_twin.phone"), 303)
        customer = next((one for one in app.customers if one.user_id == user_id), None)
        if customer is None:
            answer.delete_cookie(_COOKIE)
            return answer
        world.readers.identify(app, customer)
        answer.set_cookie(_COOKIE, user_id, httponly=True, samesite="Lax")
        return answer

    _links(door, world)
    return door


def _links(door: Blueprint, world: World) -> None:
    """What is opened on the phone, and what she then sees."""

    @door.post("/open/<material>")
    def read(material: str) -> Answer:
        """Whoever holds the phone opens a material of the shelf."""
        shelf = world.readers.shelf(_app(world), first=100) or []
        item = next((one for one in shelf if one["id"] == material), None)
        if item is None:
            return redirect(url_for("app_twin.phone"), 303)
        return _opened(world, item["trackedUrl"])

    @door.post("/follow")
    def follow() -> Answer:
        """She opens the link of a message."""
        return _opened(world, request.form.get("url", ""))

    @door.get("/readings/<int:number>")
    def reading(number: int) -> str:
        app, customer, seen = _app(world), _customer(world), world.readers.reading(number)
        if customer is None or seen is None or seen["openid"] != reader_of(app, customer):
            abort(404)
        back = url_for("app_twin.phone", code=app.code)
        page = framed(seen["page"], world.readers.hub)
        return render_template("reading.html", name=customer.name, back=back, page=page)


def _seen(world: World) -> dict[str, Any]:
    """What the phone shows now: the shelf to anybody, messages to whoever is logged in."""
    app, customer = _app(world), _customer(world)
    messages = world.readers.inbox(app, customer) if customer else []
    shelf = world.readers.shelf(app)
    return {"app": app, "shelf": shelf, "customer": customer, "messages": messages}


def _opened(world: World, url: str) -> Answer:
    """As the customer, whose app says who she is; nobody in particular goes there herself."""
    app, customer = _app(world), _customer(world)
    if not world.readers.ours(url):
        abort(502)
    if customer is None:
        return redirect(url, 303)
    number = world.readers.open_in_app(app, customer, url)
    return redirect(url_for("app_twin.reading", number=number, code=app.code), 303)


def _app(world: World) -> App:
    apps = world.accounts.apps()
    if not apps:
        abort(404)
    code = request.args.get("code", "")
    return next((one for one in apps if one.code == code), apps[0])


def _customer(world: World) -> AppCustomer | None:
    user_id = request.cookies.get(_COOKIE, "")
    return next((one for one in _app(world).customers if one.user_id == user_id), None)
