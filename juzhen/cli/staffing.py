"""Commands about staff (员工与机构): who works here, in which unit, by which login."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from data_hub.roster import ROLES, ways
from juzhen.cli.company import BY, json_option, platform, show
from kernel.actors import Role
from kernel.ids import PAGE_LIMIT
from kernel.secret import Secret

if TYPE_CHECKING:
    from data_hub.staff import Staff, StaffBook


@click.group()
def staff() -> None:
    """Who works here: their units, roles and logins.

    Example: juzhen staff list
    """


@staff.command("add")
@click.argument("code")
@click.option("--name", required=True)
@click.option("--role", type=click.Choice([role.value for role in ROLES]), default="rep")
@click.option("--unit", default="", help="Its code; headquarters if none.")
@click.option("--post", default="")
@click.option("--login", default="", help="A login name; a first password is printed once.")
@json_option
def add_staff(
    code: str, name: str, role: str, unit: str, post: str, login: str, as_json: bool
) -> None:
    """Take somebody on.

    Example: juzhen staff add A1024 --name 李静 --unit north-1 --login lijing
    """
    password = secrets.token_urlsafe(9) if login else ""
    with platform() as company:
        of = company.staff.unit(unit).id if unit else ""
        made = company.staff.add(code, name, role=Role(role), unit=of, post=post, by=BY)
        if login:
            company.access.enrol(made.id, login, Secret(password), by=BY)
    show([{"id": made.id, "code": made.code, "login": login, "password": password}], as_json)


@staff.command("login")
@click.argument("code")
@click.option("--name", default="", help="The login name; her code if she has none yet.")
@json_option
def give_login(code: str, name: str, as_json: bool) -> None:
    """Give somebody a login, or a new password, printed once. She is signed out everywhere.

    Example: juzhen staff login A1024
    """
    password = secrets.token_urlsafe(9)
    with platform() as company:
        hers = company.staff.one(code)
        login = name or company.access.names([hers.id]).get(hers.id) or hers.code
        company.access.enrol(hers.id, login, Secret(password), by=BY)
    show([{"code": hers.code, "login": login, "password": password}], as_json)


@staff.command("leave")
@click.argument("code")
def leave(code: str) -> None:
    """She works here no more: login, way through WeCom and tokens end at once.

    Example: juzhen staff leave A1024
    """
    with platform() as company:
        company.staff.leave(code, by=BY)


@staff.command("list")
@click.option("--role", type=click.Choice([role.value for role in ROLES]), default=None)
@json_option
def list_staff(role: str | None, as_json: bool) -> None:
    """Say who works here, and who has a login.

    Example: juzhen staff list --role rep
    """
    with platform() as company:
        people = list(_everybody(company.staff, Role(role) if role else None))
        way = ways(company.staff.units())
        logins = company.access.names({each.id for each in people})
    rows = [
        {
            "code": each.code, "name": each.name, "role": each.role, "unit": way.get(each.unit, ""),
            "login": logins.get(each.id, ""), "left": each.left,
        }
        for each in people
    ]  # fmt: skip
    show(rows, as_json)


def _everybody(book: StaffBook, role: Role | None) -> Iterator[Staff]:
    page = book.page(role=role, first=PAGE_LIMIT)
    yield from page.items
    while page.next:
        page = book.page(role=role, first=PAGE_LIMIT, after=page.next)
        yield from page.items


@click.group()
def unit() -> None:
    """Units: branches and teams, each under another.

    Example: juzhen unit list
    """


@unit.command("add")
@click.argument("code")
@click.option("--name", required=True)
@click.option("--under", default="", help="The code of the unit above; headquarters if none.")
@json_option
def add_unit(code: str, name: str, under: str, as_json: bool) -> None:
    """Found a unit.

    Example: juzhen unit add north-1 --name 华北一部 --under north
    """
    with platform() as company:
        parent = company.staff.unit(under).id if under else ""
        kind = "team" if parent else "branch"
        made = company.staff.add_unit(code, name, parent=parent, kind=kind, by=BY)
    show([{"id": made.id, "code": made.code}], as_json)


@unit.command("list")
@json_option
def list_units(as_json: bool) -> None:
    """Say which units there are, by the way to each.

    Example: juzhen unit list
    """
    with platform() as company:
        units = company.staff.units()
    way = ways(units)
    rows = [{"code": each.code, "way": way[each.id]} for each in units]
    show(sorted(rows, key=lambda row: row["way"]), as_json)


COMMANDS: list[click.Command] = [staff, unit]
