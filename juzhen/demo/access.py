"""Access of the demo (演示账号): tokens and logins for whoever tries it out.

What is said here goes to ``access.json``, whose shape is a contract.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from juzhen.demo.company import APP, BY, OFFICIAL, STAR, Company
from juzhen.demo.people import Person
from juzhen.demo.stocking import Stocked
from kernel.actors import Role
from kernel.events import Handle
from kernel.secret import Secret

if TYPE_CHECKING:
    from juzhen.wiring import Platform

LOGINS = {
    Role.ADMIN: "admin",
    Role.EDITOR: "editor",
    Role.PUBLISHER: "publisher",
    Role.ANALYST: "analyst",
    Role.TEAM_LEAD: "lead-suzhou-1",
    Role.REP: STAR,
}
"""Who of the company can be tried out, by staff code; the code is the login's name too."""
MATERIAL, _TAG = "article-retirement_community-1", "topic.retirement_community"


def open_doors(
    platform: Platform, company: Company, stocked: list[Stocked], lead: Person
) -> dict[str, Any]:
    """Issue tokens, enrol the logins, and say everything once."""
    rep = company.staff[STAR]
    logins = []
    for role, code in LOGINS.items():
        password = secrets.token_urlsafe(9)
        platform.access.enrol(company.staff[code].id, code, Secret(password), by=BY)
        logins.append({"role": role.value, "name": code, "password": password})
    roles = (Role.ADMIN, Role.EDITOR, Role.PUBLISHER, Role.REP, Role.CHANNEL_APP)
    tokens = {
        role.value: platform.access.issue(
            role, f"demo {role.value}", by=BY,
            staff=company.staff[LOGINS[role]].id if role in LOGINS else "",
            account=company.app.id if role is Role.CHANNEL_APP else "",
        ).reveal()
        for role in roles
    }  # fmt: skip
    customer = Handle("user", company.app.id, lead.user)
    return {
        "tokens": tokens,
        "write_key": company.app.write_key,
        "sensors_project": "default",
        "logins": logins,
        "ids": {
            "rep": rep.id,
            "customer": platform.identities.customer_of(customer),
            "customer_user_id": lead.user,
            "material": next(each.id for each in stocked if each.piece.code == MATERIAL),
            "tag": company.tags[_TAG],
            APP: company.app.id,
            OFFICIAL: company.official.id,
        },
    }
