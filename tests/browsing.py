"""A real browser for tests of pages: one rule where it is found, and what is said without one."""

import shutil
from contextlib import contextmanager
from time import monotonic

from axe_playwright_python.sync_playwright import Axe

MISSING = "no Chromium: apt-get install chromium, or put one on the path"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def program():
    """Where Chromium is, or None."""
    return next((found for each in PROGRAMS if (found := shutil.which(each))), None)


@contextmanager
def chromium():
    """One started, for as long as it is needed."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)  # a busy machine is no flaw
    with sync_playwright() as play:
        started = play.chromium.launch(
            executable_path=program(), args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


def violations(page):
    """What axe finds wrong with a page. Only that crosses to the test: the whole of its answer
    takes ten times as long to hand over as to find."""
    page.evaluate(Axe().axe_script)
    return page.evaluate(_FIND)


_FIND = """axe.run(document, {resultTypes: ['violations'], preload: false})
    .then(({violations}) => JSON.parse(JSON.stringify(violations)))"""


class Hands:
    """Somebody's hands on a phone: every touch and every field filled is one input.

    One too many fails, and so does what would take her too long: the time that passes here and
    that of a look before each input, which a script does not take.
    """

    def __init__(self, most, *, seconds, a_look=20):
        self._most, self._seconds, self._look = most, seconds, a_look
        self.inputs, self._began = 0, monotonic()

    def tap(self, found):
        self._input()
        found.click()

    def fill(self, found, words):
        self._input()
        found.fill(words)

    def _input(self):
        self.inputs += 1
        assert self.inputs <= self._most
        assert monotonic() - self._began + self.inputs * self._look <= self._seconds
