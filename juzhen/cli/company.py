"""Commands about the company (公司): tokens, channel accounts and their slots, staff and units."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
import orjson

from juzhen.settings import load
from kernel.actors import Role
from kernel.events import Ecosystem
from kernel.secret import Secret

if TYPE_CHECKING:
    from juzhen.wiring import Platform

BY = "command line"


@contextmanager
def platform(*, ready: bool = True) -> Iterator[Platform]:
    """The company of this folder, for the length of one command; looked over first, if `ready`."""
    from juzhen.wiring import assemble

    opened = assemble(load())
    try:
        if ready:
            opened.require_ready()
        yield opened
    finally:
        opened.close()


def show(rows: list[dict[str, Any]], as_json: bool) -> None:
    """The rows as a table for people, or as JSON for programs."""
    if as_json:
        click.echo(orjson.dumps(rows, default=str).decode())
        return
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for column in rows[0] if rows else ():
        table.add_column(column)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(table)


def first_administrator(company: Platform) -> tuple[str, str] | None:
    """Make the first administrator's login, name and password; None if people are there already."""
    if company.staff.page().items:
        return None
    password = secrets.token_urlsafe(12)
    person = company.staff.add("admin", "管理员", role=Role.ADMIN, by=BY)
    company.access.enrol(person.id, "admin", Secret(password), by=BY)
    return "admin", password


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def token() -> None:
    """Tokens of machines: front ends, collectors, services.

    Example: juzhen token list
    """


@token.command("create")
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--account", default="", help="Id or code of the account a front end speaks for.")
@click.option("--staff", default="", help="Id or code of the person that a tool speaks for.")
@click.option("--days", type=float, default=365, help="How long it is good.")
@json_option
def create_token(
    name: str, role: str, account: str, staff: str, days: float, as_json: bool
) -> None:
    """Make a token and print it once.

    Example: juzhen token create "our app" --role channel_app --account channel_app
    """
    with platform() as company:
        of = company.accounts.one(account).id if account else ""
        person = company.staff.one(staff).id if staff else ""
        made = company.access.issue(
            Role(role), name, by=BY, account=of, staff=person, days=days
        ).reveal()
    click.echo(orjson.dumps({"token": made}).decode() if as_json else made)


@token.command("list")
@json_option
def list_tokens(as_json: bool) -> None:
    """Say which tokens there are. The tokens themselves are never kept.

    Example: juzhen token list --json
    """
    with platform() as company:
        rows = [
            {
                "id": each.id,
                "name": each.name,
                "role": each.role,
                "account": each.account,
                "expires": each.expires,
                "revoked": each.revoked,
            }
            for each in company.access.tokens()
        ]
    show(rows, as_json)


@token.command("revoke")
@click.argument("token_id")
def revoke_token(token_id: str) -> None:
    """Make a token no good from the next request on.

    Example: juzhen token revoke tok_1m8…
    """
    with platform() as company:
        company.access.revoke(token_id, by=BY)


@click.group()
def account() -> None:
    """Channel accounts: official accounts, apps, shops.

    Example: juzhen account list
    """


@account.command("add")
@click.argument("kind")
@click.argument("code")
@click.option("--name", required=True, help="What people call it.")
@click.option("--ecosystem", type=click.Choice([each.value for each in Ecosystem]), required=True)
@click.option("--setting", "settings", multiple=True, help="NAME=VALUE, such as app_id=wx12…")
@click.option("--secret", "names", multiple=True, help="NAME; its value is asked for, not shown.")
@json_option
def add_account(
    kind: str,
    code: str,
    name: str,
    ecosystem: str,
    settings: tuple[str, ...],
    names: tuple[str, ...],
    as_json: bool,
) -> None:
    """Connect an account.

    Example: juzhen account add wechat_oa oa_main --name 安和人寿 --ecosystem wechat
    --setting app_id=wx12 --secret app_secret --secret token --secret aes_key
    """
    told = dict(each.partition("=")[::2] for each in settings)
    hidden = {each: click.prompt(each, hide_input=True) for each in names}
    with platform() as company:
        company.channels.check(kind, told, hidden)
        made = company.accounts.add(
            code=code, name=name, kind=kind, ecosystem=ecosystem, settings=told, secrets=hidden,
            by=BY,
        )  # fmt: skip
    if as_json:
        show([{"id": made.id, "code": made.code, "write_key": made.write_key}], as_json)
    else:
        click.echo(f"{made.id}  write key {made.write_key}")


@account.command("edit")
@click.argument("code")
@click.option("--setting", "settings", multiple=True, required=True, help="NAME=VALUE; NAME= none.")
def edit_account(code: str, settings: tuple[str, ...]) -> None:
    """Change settings of an account; the others stay.

    Example: juzhen account edit erp --setting same_shop=our_shop
    """
    told = dict(each.partition("=")[::2] for each in settings)
    with platform() as company:
        kept = company.accounts.one(code)
        new = {name: value for name, value in (kept.settings | told).items() if value != ""}
        company.channels.check(kept.kind, new, company.accounts.secrets(kept))
        company.accounts.edit(kept.id, settings=new, by=BY)
    click.echo(f"{kept.id}  {' '.join(sorted(told))}")


@account.command("list")
@json_option
def list_accounts(as_json: bool) -> None:
    """Say which accounts there are, and which are paused and why.

    Example: juzhen account list
    """
    with platform() as company:
        rows = [
            {
                "id": each.id,
                "code": each.code,
                "kind": each.kind,
                "name": each.name,
                "ecosystem": each.ecosystem,
                "paused": each.paused_reason if each.paused else "",
            }
            for each in company.accounts.all()
        ]
    show(rows, as_json)


@account.command("pause")
@click.argument("code")
@click.option("--why", required=True, help="The reason that people will read.")
def pause_account(code: str, why: str) -> None:
    """Begin nothing more on an account until it is resumed.

    Example: juzhen account pause oa_main --why "being certified anew"
    """
    with platform() as company:
        company.accounts.pause(code, why, by=BY)


@account.command("resume")
@click.argument("code")
def resume_account(code: str) -> None:
    """Let a paused account go on.

    Example: juzhen account resume oa_main
    """
    with platform() as company:
        company.accounts.resume(code, by=BY)


@account.command("slot")
@click.argument("code")
@click.argument("slot")
@click.option("--capacity", type=int, default=1, help="How many of the newest are shown at once.")
@click.option("--type", "types", multiple=True, help="A material type that fits; all if none.")
@click.option("--fallback", default="", help="The slot that is shown while this one is empty.")
def make_slot(code: str, slot: str, capacity: int, types: tuple[str, ...], fallback: str) -> None:
    """Make a slot (投放位) on an account, or give one that is there other rules.

    Example: juzhen account slot channel_app home_banner --capacity 3 --type poster
    """
    with platform() as company:
        company.shelf.make_slot(
            company.accounts.one(code).id, slot, by=BY, capacity=capacity, types=types,
            fallback=fallback,
        )  # fmt: skip
    click.echo(f"Slot {slot} of {code} shows the newest {capacity}.")


COMMANDS: list[click.Command] = [token, account]
