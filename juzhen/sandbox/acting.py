"""Acting (自行活动): every few seconds some of the cast do something on their own.

They follow, write, open what reached them, read in the app; bounded, and drawn from the seed. To
the hub they are ordinary customers. That the hub is away is shrugged off.
"""

from __future__ import annotations

import random

from juzhen.sandbox.accounts import App, AppCustomer, OfficialAccount
from juzhen.sandbox.cast import line
from juzhen.sandbox.followers import follows
from juzhen.sandbox.press import pieces_of
from juzhen.sandbox.world import World

_FOLLOWERS_A_TURN = 2
_CUSTOMERS_A_TURN = 2
_READS_TO_THE_END = 45
"""Seconds after which we take it that she has come to the end."""


class Acting:
    """Turns of the cast, one after the other."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        turns = world.ledger.fact("turns", 0)
        self._dice = random.Random(f"acting:{seed}:{turns}")  # noqa: S311  # no secret

    def turn(self) -> int:
        """A few acts; how many."""
        world = self._world
        done = 0
        for account in world.accounts.officials():
            done += self._followers(account)
        for app in world.accounts.apps():
            shelf = world.readers.shelf(app) or []
            some = self._dice.sample(app.customers, min(_CUSTOMERS_A_TURN, len(app.customers)))
            for customer in some:
                self._log_in(app, customer)
                if shelf:
                    self.read_in_app(app.code, customer.user_id, self._dice.choice(shelf)["id"])
                done += 1
        world.ledger.keep("turns", world.ledger.fact("turns", 0) + 1)
        return done

    def _log_in(self, app: App, customer: AppCustomer) -> None:
        """An app keeps its users logged in: it tells who she is once."""
        known = f"logged_in:{app.code}:{customer.user_id}"
        if not self._world.ledger.fact(known):
            self._world.ledger.keep(known, self._world.readers.identify(app, customer))

    def read_in_app(self, code: str, user_id: str, material: str) -> None:
        """A customer opens something in the app and reads for a while."""
        world = self._world
        app = next(one for one in world.accounts.apps() if one.code == code)
        seconds = self._dice.randint(8, 90)
        world.readers.track(app, user_id, "Material Read", {"material": material})
        told = {"material": material, "seconds": seconds}
        if seconds > _READS_TO_THE_END:
            world.readers.track(app, user_id, "Material Finished", told)

    def _followers(self, account: OfficialAccount) -> int:
        world = self._world
        people = world.followers.of(account)
        some = self._dice.sample(people, min(_FOLLOWERS_A_TURN, len(people)))
        for person in some:
            if not follows(person):
                world.followers.follow(account, person["openid"])
                continue
            act = self._dice.choice((self._write, self._read, self._read))
            act(account, person["openid"])
        return len(some)

    def _write(self, account: OfficialAccount, openid: str) -> None:
        self._world.followers.say(account, openid, line(self._dice))

    def _read(self, account: OfficialAccount, openid: str) -> None:
        """What reached her first; else something from the account's page."""
        world = self._world
        person = world.followers.one(openid)
        for message in world.followers.inbox(openid):
            links = message["links"]
            if message["ours"] and message["read"] is None and links:
                world.readers.open(person, account, links[0])
                world.followers.note_read(openid)
                return
        _, rows = world.press.articles(account, 0, 20)
        if not rows:
            return
        row = self._dice.choice(rows)
        world.press.read(row["article_id"])
        link = pieces_of(row)[0]["content_source_url"]
        if link:
            world.readers.open(person, account, link)
