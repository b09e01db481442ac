"""A company's own readings are taken out under numbers, and the recommender is judged by them."""

import csv
import json
import os
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from click.testing import CliRunner

from juzhen.cli import juzhen
from juzhen.settings import begin, load
from juzhen.wiring import assemble
from kernel.clock import utc_now
from kernel.events import Event, Handle
from tests.blank import migrate
from tests.by_hand import stopped_once

HERS, PHONE = Handle("user", "acc_app", "canary"), Handle("phone", "", "13877776666")
MOVED, REFUSES = Handle("open", "acc_oa", "canary-too"), Handle("user", "acc_app", "refuses")
OTHERS = [Handle("user", "acc_app", f"u{n}") for n in range(12)]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("JUZHEN_HOME", str(tmp_path / "home"))
    runner = CliRunner()
    return lambda *words: runner.invoke(juzhen, words)


@pytest.fixture
def company(tmp_path):
    (tmp_path / "home").mkdir()
    begin(tmp_path / "home", stores_durability="process")
    settings = load({"JUZHEN_HOME": str(tmp_path / "home")})
    migrate(settings)
    made = assemble(settings)
    yield made
    made.close()


def library(company, many):
    company.taxonomy.ship(by="t")
    made = [
        company.materials.create(type="script", title=f"养老 {n}", body="您好", by="t").id
        for n in range(many)
    ]
    for each in made:
        company.materials.tag([each], add=["stage.connect"], by="t")
    return made


def happened(company, events):
    company.intake.take(events)
    while company.fold.run() or company.digest.run():
        pass


def read(number, handle, material, kind="read_material", **more):
    at = utc_now() - timedelta(days=30) + timedelta(minutes=number)
    return Event(
        id=f"e{number}", kind=kind, at=at, account="acc_app", handle=handle, material=material,
        **more,
    )  # fmt: skip


def sheet(folder, name):
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def taken_out(run, folder):
    done = run("export", "readings", str(folder), "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)[0]


def test_one_person_is_one_number_whichever_way_she_came_and_no_name_is_told(
    company, run, tmp_path
):
    one, two = library(company, 2)
    links = {"links": (PHONE,)}
    events = [
        read(1, HERS, one, "opened_link", rep="stf_1", **links),
        read(2, MOVED, two, rep="stf_2", **links),
        read(3, OTHERS[0], one, "disliked"),
    ]
    ours = replace(read(4, OTHERS[1], two, "submitted"), account="juzhen")
    happened(company, [*events, ours])
    told = taken_out(run, tmp_path / "out")
    assert {**told, "folder": ""} == {"folder": "", "events": 3, "items": 2, "users": 2}

    out = tmp_path / "out"
    assert [(each["user"], each["item"], float(each["weight"])) for each in sheet(out, "events")] \
        == [("c1", one, 1.0), ("c1", two, 2.0), ("c2", one, -4.0)]  # fmt: skip
    moments = [datetime.fromisoformat(each["ts"]) for each in sheet(out, "events")]
    assert moments == [each.at for each in events]
    assert sheet(out, "users") == [{"id": "c1", "rep": "r1"}, {"id": "c2", "rep": ""}]
    (tag,) = company.materials.topics([one])[one]
    assert sheet(out, "items") == [{"id": one, "tags": tag}, {"id": two, "tags": tag}]
    written = "".join(file.read_text("utf-8") for file in out.iterdir())
    for own in (HERS.value, MOVED.value, PHONE.value, "stf_1", OTHERS[0].value):
        assert own not in written


def test_who_refused_by_any_of_her_handles_is_not_in_it(company, run, tmp_path):
    (one,) = library(company, 1)
    happened(company, [
        read(1, HERS, one, links=(PHONE,)), read(2, REFUSES, one),
        read(3, MOVED, one, links=(PHONE,)), read(4, OTHERS[0], one),
    ])  # fmt: skip
    company.consents.withdraw({MOVED, REFUSES}, "personalisation", source="page", by="t")
    company.consents.withdraw({OTHERS[0]}, "marketing", source="page", by="t")
    assert taken_out(run, tmp_path / "out")["events"] == 1
    assert [each["user"] for each in sheet(tmp_path / "out", "events")] == ["c3"]
    assert [each["id"] for each in sheet(tmp_path / "out", "users")] == ["c3"]


def test_only_what_customers_did_with_a_content_is_in_it(company, run, tmp_path):
    (one,) = library(company, 1)
    happened(company, [
        read(1, HERS, one), read(2, HERS, one, "recommended"), read(3, HERS, "", "viewed_page"),
        read(4, HERS, one, "refunded"), read(5, HERS, one, detail={"bot": True}),
        replace(read(6, HERS, one), handle=None),
    ])  # fmt: skip
    assert taken_out(run, tmp_path / "out")["events"] == 1


def test_what_is_broken_off_leaves_the_files_of_before_and_says_so(company, run, tmp_path):
    (one,) = library(company, 1)
    happened(company, [read(1, HERS, one)])
    out = tmp_path / "out"
    taken_out(run, out)
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    happened(company, [read(2, OTHERS[0], one)])
    os.mkfifo(out / "users.csv.new")  # nobody reads: there it waits until it is stopped
    with stopped_once((out / "items.csv.new").exists):
        stopped = run("export", "readings", str(out))
    assert stopped.exit_code == 1
    assert "Nothing was written" in stopped.stderr
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before
    assert taken_out(run, out)["events"] == 2


def test_that_it_was_taken_out_is_written_down(company, run, tmp_path):
    taken_out(run, tmp_path / "out")
    (last,) = [each for each in company.changes.after("").changes if each.kind == "history"]
    assert (last.act, last.by) == ("exported_readings", "command line")


@pytest.mark.parametrize(
    ("language", "told"), [("zh", "数据不足：只有"), ("en", "Too few data: only")]
)
def test_what_was_taken_out_is_judged_by_the_next_command(company, run, tmp_path, language, told):
    contents = library(company, 6)
    happened(company, [
        read(number, OTHERS[number % 12], contents[number % 5 if number < 40 else number % 6])
        for number in range(60)
    ])  # fmt: skip
    done = run("export", "readings", str(tmp_path / "out"))
    command = done.output.strip().splitlines()[-1].partition(": juzhen ")[2].split()
    assert command == ["bench", "matching", "--events", str(tmp_path / "out")]
    judged = run(*command, "--language", language)
    assert judged.exit_code == 0, judged.output
    assert told in judged.output
    rows = json.loads(run(*command, "--json").stdout)
    assert [row["recommender"] for row in rows] == ["juzhen", "popularity", "item-kNN", "EASE"]
