"""The app's twin (应用分身): a phone that shows the company's app, live from the hub.

A front end like any company's: it asks ``shelf(...)`` with its own token on every look and keeps
nothing, so what is retired is gone with the next look. A customer can be logged in and read.
"""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from juzhen.sandbox.accounts import App, AppCustomer
from juzhen.sandbox.world import World

_COOKIE = "app_customer"


def blueprint(world: World) -> Blueprint:
    """The phone, its list, and logging in."""
    door = Blueprint("app_twin", __name__, url_prefix="/app")

    @door.get("")
    def phone() -> str:
        app, customer = _app(world), _customer(world)
        shelf = world.readers.shelf(app)
        return render_template("app.html", app=app, customer=customer, shelf=shelf)

    @door.get("/shelf")
    def shelf() -> str:
        """Only the list, for the page to replace its own with."""
        return render_template(
            "shelf.html", shelf=world.readers.shelf(_app(world)), customer=_customer(world)
        )

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

    @door.post("/open/<material>")
    def read(material: str) -> Answer:
        """The customer opens a material: the app reports it, then its page opens."""
        app, customer = _app(world), _customer(world)
        shelf = world.readers.shelf(app, first=100) or []
        item = next((one for one in shelf if one["id"] == material), None)
        if item is None:
            return redirect(url_for("app_twin.phone"), 303)
        if customer is not None:
            world.readers.track(app, customer.user_id, "Material Read", {"material": material})
        url = item["trackedUrl"]
        if not world.readers.ours(url):
            abort(502)
        return redirect(url, 303)

    return door


def _app(world: World) -> App:
    apps = world.accounts.apps()
    if not apps:
        abort(404)
    code = request.args.get("code", "")
    return next((one for one in apps if one.code == code), apps[0])


def _customer(world: World) -> AppCustomer | None:
    user_id = request.cookies.get(_COOKIE, "")
    return next((one for one in _app(world).customers if one.user_id == user_id), None)
