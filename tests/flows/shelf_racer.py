"""An editor in a hurry, in a process of her own: ``shelf_racer HOME SECONDS SEED MATERIAL…``.

Takes contents off the shelf in every way there is and puts them on it again, and makes and ends
rules about them. Prints one JSON line: what she did how often, and from when to when, by the steady
clock that all processes of a machine share, each content was certainly off every list.
"""

import json
import random
import sys
import time
from collections import Counter
from datetime import timedelta

from juzhen.settings import load
from juzhen.wiring import assemble
from kernel.errors import Invalid
from matching.rules import Wanted

SOON = timedelta(milliseconds=100)
PIN, BOOST = 10, 10
"""The farthest place that is pinned, and what a boost multiplies by."""


class Editor:
    """Remembers what is off since when, and why."""

    def __init__(self, platform, account, materials, chance):
        self._platform, self._account = platform, account
        self._chance = chance
        self._standing = {each: self._placed(each) for each in materials}
        self._off, self._rules, self._excluding = {}, [], {}
        self.told, self.acts = [], Counter()

    def act(self):
        """Something, by chance: as often off the shelf as on it, and as often a rule as either."""
        chance = self._chance
        ways = [self.rule, self.end] if chance.random() < 0.4 else [self.off, self.on]
        return chance.choice(ways)()

    def off(self):
        there = [each for each in self._standing if each not in self._off]
        if there:
            material = self._chance.choice(there)
            way = self._chance.choice([self.retire, self.close, self.embargo, self.exclude])
            way(material)
            self._off[material] = (way.__name__, time.monotonic())
            self.acts[way.__name__] += 1

    def on(self):
        if self._off:
            material = self._chance.choice(sorted(self._off))
            way, since = self._off.pop(material)
            self.told.append((material, way, since, time.monotonic()))
            getattr(self, f"undo_{way}")(material)
            self.acts["on"] += 1

    def close_all(self):
        """Nothing more is put on the shelf: what is off stays off."""
        self.told += [(each, way, since, None) for each, (way, since) in self._off.items()]

    def rule(self):
        """About anything, on the shelf or off it."""
        act = self._chance.choice(["pin", "pin", "quota", "boost"])
        number = {"pin": self._chance.randint(1, PIN), "quota": 5, "boost": BOOST}[act]
        self._rules.append(self._made(act, self._chance.choice([*self._standing]), number))
        self.acts[act] += 1

    def end(self):
        if self._rules:
            self._platform.rules.end(self._rules.pop(0).id, by="t")
            self.acts["end"] += 1

    def retire(self, material):
        key = self._chance.choice([material, self._standing[material]])
        self._platform.shelf.retire(key, by="t")

    def undo_retire(self, material):
        self._standing[material] = self._placed(material)

    def close(self, material):
        """By the clock alone; she waits for it."""
        closes = self._platform.clock() + SOON
        try:
            self._platform.shelf.move(self._standing[material], closes=closes, by="t")
        except Invalid:  # so long did she wait for her turn to write
            self.retire(material)
        while self._platform.clock() < closes:
            time.sleep(SOON.total_seconds() / 10)

    undo_close = undo_retire

    def embargo(self, material):
        until = self._platform.clock() + timedelta(days=1)
        self._platform.licences.embargo(material, until, by="t")

    def undo_embargo(self, material):
        self._platform.licences.embargo(material, None, by="t")

    def exclude(self, material):
        self._excluding[material] = self._made("exclude", material, 0.0)

    def undo_exclude(self, material):
        self._platform.rules.end(self._excluding.pop(material).id, by="t")

    def _made(self, act, material, number):
        wanted = Wanted(name=act, act=act, material=material, number=number)
        return self._platform.rules.add(wanted, by="t")

    def _placed(self, material):
        now = self._platform.clock()
        placed = self._platform.shelf.place(
            material, self._account, opens=now, closes=now + timedelta(days=9), by="t"
        )
        return placed.id


def main(home, account, seconds, seed, *materials):
    platform = assemble(load({"JUZHEN_HOME": home}))
    editor = Editor(platform, account, materials, random.Random(int(seed)))
    ends = time.monotonic() + float(seconds)
    while time.monotonic() < ends:
        editor.act()
    editor.close_all()
    platform.close()
    print(json.dumps({"acts": editor.acts, "off": editor.told}))


if __name__ == "__main__":
    main(*sys.argv[1:])
