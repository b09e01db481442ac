"""A fold that is worked out anew says what it said before."""

import re
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from juzhen.check import flaws
from juzhen.cli import juzhen
from juzhen.cli.keep import work_out_anew
from juzhen.settings import begin, load
from juzhen.wiring import assemble
from kernel.clock import utc_now
from kernel.events import Event, Handle
from tests.blank import migrate


@pytest.fixture
def home(tmp_path):
    begin(tmp_path, stores_durability="process")
    settings = load({"JUZHEN_HOME": str(tmp_path)})
    migrate(settings)
    company = assemble(settings)
    company.taxonomy.ship(by="t")
    material = company.materials.create(type="script", title="养老话题开场白", body="您好", by="t")
    company.materials.tag([material.id], add=["stage.connect"], by="t")
    account = company.accounts.add(code="app", name="App", kind="app", ecosystem="own_app", by="t")
    now = utc_now()
    company.shelf.place(
        material.id, account.id, opens=now, closes=now.replace(year=now.year + 1), by="t"
    )
    told = Event(
        id="e1", kind="read_material", at=now, account=account.id, material=material.id,
        handle=Handle("user", account.id, "u1"), received=now,
    )  # fmt: skip
    company.intake.take([told])
    company.own_acts.copy()
    while company.fold.run() or company.digest.run() or company.counters.fold():
        pass
    while company.finding.follow() or company.effects.follow():
        pass
    company.close()
    return tmp_path


def looked_at(home):
    company = assemble(load({"JUZHEN_HOME": str(home)}))
    account = company.accounts.one("app").id
    customer = company.identities.customer_of(Handle("user", account, "u1"))
    try:
        return {
            "flaws": list(flaws(company)),
            "found": company.index.search("养老").ids,
            "shelf": [item.id for item in company.shelf.page(account, sight=None).items],
            "profile": company.profiles.of(customer).pack(),
        }
    finally:
        company.close()


def sizes(home):
    """How much each goes through."""
    with closing(assemble(load({"JUZHEN_HOME": str(home)}))) as company:
        acts = len(company.changes.after("", 1_000).changes)
        events = company.history.newest()
    return {
        "search": acts, "shelf": 1, "history": events, "profiles": events, "counters": events,
        "effects": acts,
    }  # fmt: skip


@pytest.mark.parametrize("what", ["search", "history", "profiles", "counters", "shelf", "effects"])
def test_rebuilding_changes_no_answer(home, monkeypatch, what):
    before = looked_at(home)
    monkeypatch.setenv("JUZHEN_HOME", str(home))
    size = sizes(home)[what]

    done = CliRunner().invoke(juzhen, ["rebuild", what])

    assert done.exit_code == 0, done.output
    assert re.search(rf"{what} +{size}/{size} ", done.stderr)
    assert re.fullmatch(rf"Worked out {what} anew: {size} [a-z]+ in .* s\.\n", done.stdout)
    assert looked_at(home) == before
    assert before["flaws"] == []
    assert before["found"]
    assert before["shelf"]


class StoppedHalfWay:
    """A keeper whose fold is stopped by hand as soon as it tells how far it is."""

    def __init__(self, keeper):
        self._keeper = keeper

    def __getattr__(self, name):
        return getattr(self._keeper, name)

    def rebuild(self, _tell):
        self._keeper.rebuild(_stop)

    def remake(self, _tell):
        self._keeper.remake(_stop)


def _stop(_done):
    raise KeyboardInterrupt


KEEPERS = {
    "search": "finding", "history": "history", "profiles": "digest", "counters": "counters",
    "effects": "effects",
}  # fmt: skip


@pytest.mark.parametrize("what", KEEPERS)
def test_a_rebuild_that_is_stopped_says_what_becomes_of_the_rest_and_that_is_so(home, capsys, what):
    before = looked_at(home)
    company = assemble(load({"JUZHEN_HOME": str(home)}))
    try:
        stopped = replace(
            company, **{KEEPERS[what]: StoppedHalfWay(getattr(company, KEEPERS[what]))}
        )
        with pytest.raises(KeyboardInterrupt):
            work_out_anew(stopped, what)
        said = capsys.readouterr().err
        assert "Stopped. " in said
        if "worker goes on" in said:
            while company.digest.run() or company.counters.fold() or company.effects.follow():
                pass
        elif what == "history":
            work_out_anew(company, what)
    finally:
        company.close()
    assert looked_at(home) == before


class Beaten:
    """A fold that a worker goes on with, who is always faster."""

    done = 0

    def rebuild(self, tell):
        tell(0)

    def newest(self):
        return 2

    def run(self):
        self.done += 1
        return 0

    fold = run

    def mark(self):
        return min(self.done, 2)


class Grouped:
    """Everybody is grouped already."""

    def again(self):
        pass

    def run(self):
        return 0


@pytest.mark.parametrize("what", ["profiles", "counters"])
def test_a_rebuild_beside_a_worker_ends_when_all_is_there_whoever_did_it(what):
    keeper = Beaten()
    company = SimpleNamespace(history=keeper, digest=keeper, counters=keeper, regrouping=Grouped())
    work_out_anew(company, what)
    assert keeper.mark() == keeper.newest()
