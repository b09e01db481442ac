"""A company is copied while it works and comes back elsewhere, whole, or is refused."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sizes import sized
from sqlalchemy import update

from channels.deliveries import Delivery
from channels.deliveries.record import State
from juzhen.check import flaws
from juzhen.cli import juzhen
from juzhen.settings import begin, load
from juzhen.transfer.backups import MANIFEST, backup, restore
from juzhen.transfer.backups import settle as go_on
from juzhen.wiring import assemble
from kernel.clock import utc_now
from kernel.errors import Conflict, Invalid
from kernel.events import Event, Handle
from tests.blank import migrate


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "home"
    begin(home, stores_durability="process")
    migrate(load({"JUZHEN_HOME": str(home)}))
    return home


def opened(home):
    return assemble(load({"JUZHEN_HOME": str(home)}))


def told(name, n=0):
    return Event(id=name, kind="viewed_page", at=utc_now() - timedelta(days=n), account="acc_app",
                 handle=Handle("user", "acc_app", f"u{n}"), received=utc_now())  # fmt: skip


def settle(company):
    while company.fold.run() or company.digest.run():
        pass


def names(company):
    settle(company)
    page, found = company.history.after(0, 100_000), set()
    found |= {event.id for _, event in page}
    return found


def test_taken_under_load_again_and_again_it_comes_back_whole(home, tmp_path):
    """F32: whatever was answered before a backup began is in it; nothing contradicts itself."""
    company = opened(home)
    stop, answered = threading.Event(), []

    def work():
        n = 0
        while not stop.is_set():
            company.intake.take([told(f"e{n}-{k}", k) for k in range(20)])
            answered.append(n)
            n += 1
            if n % 3 == 0:
                company.fold.run()
                company.digest.run(300)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for turn in range(sized(3, 20)):
            while len(answered) <= turn * 5:
                stop.wait(0.01)
            before = len(answered)
            backup(load({"JUZHEN_HOME": str(home)}), tmp_path / f"b{turn}", utc_now())
            again = tmp_path / f"again{turn}"
            restore(tmp_path / f"b{turn}", again)
            other = opened(again)
            go_on(other.journal, other.history, other.deliveries, by="t")
            found = names(other)
            assert {f"e{n}-{k}" for n in answered[:before] for k in range(20)} <= found
            other.intake.take([told("after")])
            assert "after" in names(other)
            assert [each for each in flaws(other) if each[0] != "packages"] == []
            other.close()
    finally:
        stop.set()
        worker.join()
        company.close()


def test_what_is_folded_and_dropped_between_two_copies_is_in_it(home, tmp_path):
    """F32: after each store is copied all that waits is folded, digested and gone from the journal
    before the next one is."""
    company, answered = opened(home), {"before"}
    company.intake.take([told("before")])
    journal, copied = home / "journal", []

    def go_on_working(store):
        company.intake.take([told(f"beside-{store}")])
        last = {part.name for part in journal.glob("*.db")}
        company.journal.begin_above(company.journal.tip())
        company.intake.take([told(f"later-{store}")])
        settle(company)
        assert last.isdisjoint(part.name for part in journal.glob("*.db"))
        copied.append(store)

    backup(load({"JUZHEN_HOME": str(home)}), tmp_path / "b", utc_now(), tell=go_on_working)
    company.close()
    for store in copied[: copied.index("journal")]:
        answered |= {f"beside-{store}", f"later-{store}"}

    restore(tmp_path / "b", tmp_path / "again")
    other = opened(tmp_path / "again")
    go_on(other.journal, other.history, other.deliveries, by="t")
    assert [each for each in flaws(other) if each[0] != "packages"] == []
    assert answered <= names(other)
    other.close()


def test_what_was_being_sent_comes_back_unknown_and_the_rest_due(home, tmp_path, monkeypatch):
    company = opened(home)
    account = company.accounts.add(code="a", name="A", kind="app", ecosystem="own_app", by="t").id
    for n in range(3):
        company.deliveries.queue(
            account=account, occasion=f"o{n}", target=Handle("user", account, "u1"), by="t"
        )
    with company.records.write() as session:
        session.execute(
            update(Delivery).where(Delivery.occasion == "o1").values(state=State.SENDING)
        )
    company.close()
    runner = CliRunner()
    monkeypatch.setenv("JUZHEN_HOME", str(home))
    done = runner.invoke(juzhen, ["backup", str(tmp_path / "b"), "--json"])
    assert done.exit_code == 0, done.output
    monkeypatch.setenv("JUZHEN_HOME", str(tmp_path / "again"))
    shutil.copytree(home, tmp_path / "again", ignore=lambda _, found: set(found) - {"juzhen.toml"})
    done = runner.invoke(juzhen, ["restore", str(tmp_path / "b"), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)[0]["unknown"] == 1
    other = opened(tmp_path / "again")
    states = {each.occasion: each.state for each in other.deliveries.page(first=9).items}
    other.close()
    assert states == {"o0": "due", "o1": "unknown", "o2": "due"}


def test_a_backup_that_is_incomplete_changed_or_later_is_refused(home, tmp_path):
    place = tmp_path / "b"
    backup(load({"JUZHEN_HOME": str(home)}), place, utc_now())
    with pytest.raises(Conflict):
        backup(load({"JUZHEN_HOME": str(home)}), place, utc_now())
    with pytest.raises(Conflict):
        restore(place, home)
    with pytest.raises(Invalid):
        restore(home, tmp_path / "x")
    whole = (place / "people.db").read_bytes()
    (place / "people.db").write_bytes(whole[:-1] + b"x")
    with pytest.raises(Invalid) as refused:
        restore(place, tmp_path / "x")
    assert refused.value.reason == "backup_was_changed"
    (place / "people.db").write_bytes(whole)
    kept = json.loads((place / MANIFEST).read_text())
    (place / MANIFEST).write_text(json.dumps(kept | {"migration": "9999"}))
    with pytest.raises(Invalid) as refused:
        restore(place, tmp_path / "x")
    assert refused.value.reason == "backup_of_a_later_version"
    assert not (tmp_path / "x").exists()


def test_files_that_come_and_go_meanwhile_do_not_stop_it(home, tmp_path):
    company = opened(home)
    key = company.files.put(b"a picture", "image/png")
    company.close()
    kept = next((home / "files").glob(f"*/*/{key}"))
    for gone in (home / "files" / "incoming" / "tmp1", kept.with_name(f"sha256-{'0' * 64}")):
        gone.symlink_to(tmp_path / "nowhere")  # seen in its folder, and not there when it is read

    told = backup(load({"JUZHEN_HOME": str(home)}), tmp_path / "b", utc_now())

    assert (told.folder / kept.relative_to(home)).read_bytes() == b"a picture"
    assert restore(told.folder, tmp_path / "x").files == told.files


def test_a_backup_whose_manifest_leads_elsewhere_is_refused(home, tmp_path):
    place = tmp_path / "b"
    backup(load({"JUZHEN_HOME": str(home)}), place, utc_now())
    (tmp_path / "outside").write_bytes(b"x")
    digest = hashlib.sha256(b"x").hexdigest()
    kept = json.loads((place / MANIFEST).read_text())
    for name in ("../outside", str(tmp_path / "outside")):
        told = kept | {"files": kept["files"] | {name: digest}}
        (place / MANIFEST).write_text(json.dumps(told))
        with pytest.raises(Invalid):
            restore(place, tmp_path / "home" / "x")
    (place / MANIFEST).write_text(json.dumps({"at": kept["at"], "files": {}}))
    with pytest.raises(Invalid):
        restore(place, tmp_path / "home" / "x")


def test_without_room_it_says_so_in_a_line_and_leaves_nothing(home, tmp_path):
    """Half a copy would be in the way of the next, and of the company on the same disk."""
    company = opened(home)
    company.files.put(bytes(8 << 20), "video/mp4")
    company.close()
    full = (
        "from tests.faults import *; from juzhen.cli import main\nwith full_disk(6 << 20): main()"
    )
    run = [sys.executable, "-c", full]

    def asked(*command, home):
        return subprocess.run(
            [*run, *map(str, command)], env=os.environ | {"JUZHEN_HOME": str(home)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    (tmp_path / "copy").mkdir()
    told = asked("backup", tmp_path / "copy", home=home)
    assert (told.returncode, "The disk is full" in told.stderr) == (1, True), told.stderr
    assert "Traceback" not in told.stderr
    assert list((tmp_path / "copy").iterdir()) == []

    backup(load({"JUZHEN_HOME": str(home)}), tmp_path / "copy", utc_now())
    again = tmp_path / "again"
    told = asked("restore", tmp_path / "copy", home=again)
    assert (told.returncode, "The disk is full" in told.stderr) == (1, True), told.stderr
    assert list(again.iterdir()) == []
    restore(tmp_path / "copy", again)


def test_keys_stay_at_home_if_asked(home, tmp_path):
    told = backup(load({"JUZHEN_HOME": str(home)}), tmp_path / "b", utc_now(), keys=False)
    assert not (told.folder / "juzhen.toml").exists()
    assert (tmp_path / "b").stat().st_mode & 0o077 == 0
