"""A whole company is carried into other stores, verified, and may be carried back."""

import os
import secrets
import shutil

import pytest
from click.testing import CliRunner
from engines import clusters
from servers.proxy import Fault, Proxy
from servers.running import KEY, SECRET
from sqlalchemy import text

from juzhen.cli import juzhen
from juzhen.settings import load
from juzhen.transfer.whole import arrive, drain, leave
from juzhen.transfer.whole.drained import behind, marks, tip
from juzhen.transfer.whole.rows import tables
from juzhen.wiring import assemble
from juzhen.worker import lanes
from kernel.errors import Conflict, Invalid, Overloaded
from kernel.events import Event, Handle, Refusal, pack, pack_refusal
from kernel.secret import Secret
from stores.history import Axis
from stores.records import Record
from stores.s3 import S3, Place
from stores.watermarks import Watermarks
from tests.blank import migrate
from tests.by_hand import stopped_once

BY = "t"
ANNA = Handle("user", "", "anna")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("JUZHEN_HOME", str(tmp_path / "here"))
    assert CliRunner().invoke(juzhen, ["init"]).exit_code == 0
    company = assemble(load())
    try:
        _lived_in(company)
    finally:
        company.close()
    return tmp_path / "here"


def _lived_in(company):
    """Some of everything: materials with tags and a picture, events, what was refused, changes."""
    company.taxonomy.ship(by=BY)
    company.taxonomy.create("养老", "topic", code="topic.elder", by=BY)
    app = company.accounts.add(code="app", name="App", kind="app", ecosystem="own_app", by=BY)
    picture = company.files.put(b"a picture", "image/png")
    made = [
        company.materials.create(
            code=f"m{n}", type="script", title=f"养老规划{n}", by=BY, body="<p>开场</p>"
        )
        for n in range(5)
    ]
    company.materials.tag([each.id for each in made], add=["topic.elder"], by=BY)
    at = company.clock()
    told = [
        Event(id=f"e{n}", kind="viewed_page", at=at, account=app.id, handle=ANNA,
              material=made[n % 5].id, received=at)
        for n in range(40)
    ]  # fmt: skip
    company.journal.append([pack(each) for each in told])
    refused = Refusal(at=at, door="segment", reason="unknown", field="type", again="{}")
    company.journal.append([pack_refusal(refused)])
    assert picture.startswith("sha256-")


def there(home, url, tmp_path, **others):
    """Settings of a company on PostgreSQL, with the same keys; the rest too, or elsewhere."""
    file = tmp_path / "settings.toml"
    told = dict.fromkeys(("journal", "search", "history"), "records") | others
    places = "".join(f'{name} = "{place}"\n' for name, place in told.items())
    written = (home / "juzhen.toml").read_text()
    file.write_text(f'{written}\n[stores]\nrecords = "{url}"\n{places}')
    file.chmod(0o600)
    return file


def opened(home, file=None):
    settings = load({}, home=home, file=file)
    migrate(settings)
    return assemble(settings)


def test_a_whole_export_that_is_stopped_says_so_and_goes_on_where_it_stopped(home, tmp_path):
    folder = tmp_path / "whole"
    first, second, *_ = [f"{part}.{table.name}" for part, table in tables()]
    folder.mkdir()
    os.mkfifo(folder / f"{second}.new")  # nobody reads: there it waits until it is stopped

    with stopped_once((folder / "whole.json").exists):  # the first part is kept
        stopped = CliRunner().invoke(juzhen, ["export", "--all", str(folder)])
    assert stopped.exit_code == 1
    assert "goes on where it stopped" in stopped.stderr
    assert not (folder / f"{second}.jsonl").exists()
    (folder / f"{second}.new").unlink()
    written = (folder / f"{first}.jsonl").stat().st_mtime_ns
    again = CliRunner().invoke(juzhen, ["export", "--all", str(folder)])
    assert again.exit_code == 0, again.output
    assert (folder / f"{first}.jsonl").stat().st_mtime_ns == written


@pytest.mark.postgres
def test_a_company_moves_to_postgres_and_back(home, postgres_url, tmp_path):
    file = there(home, postgres_url, tmp_path)
    moved = CliRunner().invoke(juzhen, ["move", "--to", str(file)], catch_exceptions=False)
    assert moved.exit_code == 0, moved.output
    _there_and_back(home, file, tmp_path)


@pytest.fixture
def whole_cluster(elasticsearch_url, s3_url):
    """Where search, history and files may lie, and a network before the bucket."""
    at = Place(s3_url, f"t{secrets.token_hex(8)}", "", KEY, Secret(SECRET))
    S3(at)._client().create_bucket(Bucket=at.bucket)
    with clusters.own(elasticsearch_url) as cluster, Proxy(s3_url) as proxy:
        search = f"elastic+{elasticsearch_url}/{cluster.at.prefix}"
        bucket = f"s3+{proxy.url.replace('//', f'//{KEY}:{SECRET}@')}/{at.bucket}/anhe"
        yield {"search": search, "history": search, "files": bucket}, proxy


@pytest.mark.postgres
@pytest.mark.elastic
@pytest.mark.s3
def test_a_company_moves_to_a_whole_cluster_and_back(home, postgres_url, whole_cluster, tmp_path):
    """PostgreSQL, Elasticsearch and S3; the bucket breaks off in the middle, and the same command
    goes on where it was."""
    places, proxy = whole_cluster
    file = there(home, postgres_url, tmp_path, **places)

    def move():
        return CliRunner().invoke(juzhen, ["move", "--to", str(file)])

    proxy.faults = [Fault(lambda method, path: method == "PUT" and "sha256-" in path, status=403)]
    broken = move()
    assert isinstance(broken.exception, Overloaded), broken.output
    proxy.faults = []
    moved = move()
    assert moved.exit_code == 0, moved.output
    assert "Everything is there, by counts and sums." in moved.output
    _there_and_back(home, file, tmp_path)


def _there_and_back(home, file, tmp_path):
    """The company is whole there, lives on, and comes back with what happened meanwhile."""
    company = opened(home, file)
    before = opened(home)
    try:
        _same(company, before)
        _lives_on(company)
        left = tmp_path / "back"
        leave(company, left)
    finally:
        before.close()
        company.close()
    shutil.copy2(home / "juzhen.toml", _folder(tmp_path / "again") / "juzhen.toml")
    back = opened(tmp_path / "again")
    try:
        arrive(back, left)
        assert back.history.total([ANNA]) == 41
        _lives_on(back, "later-still")
        assert list(back.audit.flaws()) == []
    finally:
        back.close()


def _folder(place):
    place.mkdir(mode=0o700)
    return place


def _same(company, before):
    axes = list(Axis)
    assert company.history.counts(axes) == before.history.counts(axes) != []
    assert company.history.timeline([ANNA]).items == before.history.timeline([ANNA]).items
    assert company.history.waiting() == before.history.waiting() != {}
    found = [each.index.search("养老") for each in (company, before)]
    assert found[0].total == found[1].total == 5
    assert set(found[0].ids) == set(found[1].ids)
    assert set(company.files.keys()) == set(before.files.keys())
    assert list(company.audit.flaws()) == []
    assert list(company.fold.flaws()) == []


def _lives_on(company, id_="later"):
    """What comes now is followed by everybody, and what came before by nobody again."""
    at = company.clock()
    told = Event(id=id_, kind="viewed_page", at=at, account="acc", handle=ANNA, received=at)
    company.journal.append([pack(told)])
    company.materials.create(
        code=id_, type="script", title=f"新话术 {id_}", by=BY, body="<p>一</p>"
    )
    before = company.history.newest()
    drain(company)
    arrived = [told.id for _, told in company.history.after(before, 99) if told.handle == ANNA]
    assert arrived == [id_]
    assert company.index.search(f"新话术 {id_}").total == 1


def test_it_goes_on_where_it_broke_off(home, tmp_path):
    left, again = tmp_path / "left", _folder(tmp_path / "again")
    shutil.copy2(home / "juzhen.toml", again / "juzhen.toml")
    here, target = opened(home), opened(again)
    try:
        leave(here, left)

        class Interrupted(Exception):
            pass

        def stops(part, *_):
            if part == "records.materials.jsonl":
                raise Interrupted

        with pytest.raises(Interrupted):
            arrive(target, left, stops)
        told = arrive(target, left)
        assert told["records.materials.jsonl"] == 5
        assert target.history.counts([]) == here.history.counts([]) == [((), told["history.jsonl"])]
        next(left.glob("arrived-*")).unlink()
        with pytest.raises(Conflict, match=r"holds something already|已有内容"):
            arrive(target, left)
    finally:
        here.close()
        target.close()


def test_what_was_changed_on_the_way_is_refused(home, tmp_path):
    left, again = tmp_path / "left", _folder(tmp_path / "again")
    shutil.copy2(home / "juzhen.toml", again / "juzhen.toml")
    here, target = opened(home), opened(again)
    try:
        leave(here, left)
        file = left / "history.jsonl"
        file.write_bytes(file.read_bytes().replace(b"viewed_page", b"viewed_pagx", 1))
        with pytest.raises(Invalid) as refused:
            arrive(target, left)
        assert refused.value.field == "folder"
        with target.records.read() as session:
            assert session.scalar(text("SELECT count(*) FROM materials")) == 0
        file.write_bytes(file.read_bytes().replace(b"viewed_pagx", b"viewed_page", 1))
        (picture,) = (left / "files").iterdir()
        picture.rename(left / "kept")
        with pytest.raises(Invalid):
            arrive(target, left)
        picture.write_bytes(b"another")
        with pytest.raises(Invalid):
            arrive(target, left)
        (left / "whole.json").unlink()
        with pytest.raises(Invalid):
            arrive(target, left)
    finally:
        here.close()
        target.close()


def test_what_is_carried_is_what_there_is_now(home, tmp_path):
    """Called again after the company went on: nothing that it let go of meanwhile comes along."""
    left, again = tmp_path / "left", _folder(tmp_path / "again")
    shutil.copy2(home / "juzhen.toml", again / "juzhen.toml")
    here, target = opened(home), opened(again)
    try:
        leave(here, left)
        (old,) = here.files.keys()
        here.files.drop(old)
        new = here.files.put(b"another picture", "image/png")
        here.taxonomy.create("理财", "topic", code="topic.wealth", by=BY)
        seen = []
        leave(here, left, lambda *told: seen.append(told))
        assert ("files", 1, 1) in seen
        assert ("records.materials.jsonl", 5, 5) in seen
        assert arrive(target, left)["files"] == 1
        assert list(target.files.keys()) == [new]
    finally:
        here.close()
        target.close()


def test_a_company_whose_worker_has_worked_moves_and_its_followers_begin_where_they_were(
    home, tmp_path
):
    """Whatever marks there are: all duties have run, and somebody has acted since."""
    left, again = tmp_path / "left", _folder(tmp_path / "again")
    shutil.copy2(home / "juzhen.toml", again / "juzhen.toml")
    here, target = opened(home), opened(again)
    try:
        _worked(here)
        with here.records.write():
            pulled = here.clock().isoformat()  # a moment is no place among acts
            Watermarks(here.records, Record).move("ad_leads:acc_1", pulled)
        here.taxonomy.create("理财", "topic", code="topic.wealth", by=BY)

        leave(here, left)
        arrive(target, left)

        assert list(behind(target)) == []
        kept = dict(marks(target))
        assert kept["ad_leads:acc_1"] == pulled
        assert {kept[name] for name in ("rule_effects", "notices")} == {tip(target)}
        assert not target.effects.behind()
    finally:
        here.close()
        target.close()


def _worked(company):
    """Every duty of the worker, until none finds anything."""
    duties = [each for lane in lanes(company).values() for each in lane]
    while sum([duty.run() or 0 for duty in duties]):
        pass


def test_a_company_at_work_and_one_with_other_keys_do_not_move(home, tmp_path):
    here = opened(home)
    try:
        here.leases.hold("lane:events", "a worker", 60)
        with pytest.raises(Conflict):
            leave(here, tmp_path / "left")
    finally:
        here.close()
    file = there(home, "postgresql+psycopg://nobody@127.0.0.1:9/x", tmp_path)
    old = next(line for line in file.read_text().splitlines() if line.startswith("secrets"))
    file.write_text(file.read_text().replace(old, f'secrets = "{"ab" * 32}"'))
    refused = CliRunner().invoke(juzhen, ["move", "--to", str(file)])
    assert isinstance(refused.exception, Invalid)
    same = CliRunner().invoke(juzhen, ["move", "--to", str(home / "juzhen.toml")])
    assert isinstance(same.exception, Conflict)
