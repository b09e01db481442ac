"""Links to the app (导流到 App): from a chat to where the company's own app is got, per rep.

A code is signed like that of a content's link: it says which app, where it was shown and whose it
is. The app is told whose by the address that it is got under, and says so when it was installed.
Counts nothing: openings and installs are events.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from channels.accounts import Account, Accounts
from content_hub.tracking import Link, Links
from kernel.errors import NotFound

DOWNLOAD = "download"
"""The setting of an app's account that says where it is got."""


class Way(NamedTuple):
    """One app, and the link that leads to it."""

    app: Account
    link: str


class AppLinks:
    """Makes and opens them."""

    def __init__(self, links: Links, accounts: Accounts, base_url: str) -> None:
        self._links = links
        self._accounts = accounts
        self._base_url = base_url.rstrip("/")

    def of(self, rep: str, shown: str = "") -> list[Way]:
        """A rep's links to every app that says where it is got. ``shown``: an account's id."""
        return [
            Way(each, f"{self._base_url}/a/{self._links.make(each.id, shown, rep)}")
            for each in self._accounts.all()
            if _address(each)
        ]

    def open(self, code: str) -> tuple[Link, str]:
        """What is counted, about no material, and where to go on. Raises `NotFound`."""
        told = self._links.open(code)
        try:
            app = self._accounts.one(told.material) if told else None
        except NotFound:
            app = None
        if told is None or app is None or not (address := _address(app)):
            raise NotFound("link", code[:20])
        query = urlencode({"rep": told.rep, "t": code} if told.rep else {"t": code})
        onward = f"{address}{'&' if urlsplit(address).query else '?'}{query}"
        return Link("", told.account or app.id, told.rep), onward


def _address(account: Account) -> str:
    """Where an app is got; empty if it does not say, or names no page."""
    told = str(account.settings.get(DOWNLOAD) or "")
    return told if urlsplit(told).scheme in ("https", "http") else ""
