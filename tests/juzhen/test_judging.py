"""`juzhen bench matching --events`: a company's own log is read by its contract, then judged."""

import random
import re

import click
import pytest

from juzhen.cli.judging import judged, rows, tell_people
from kernel.errors import Invalid
from schemas import logs
from schemas.events import checked

HEAD = "user,item,ts,weight,shop\n"


def written(path, *lines):
    path.write_text("".join(lines), encoding="utf-8")
    return path


def clicks(count):
    dice = random.Random(7)
    moments = sorted(f"2026-01-{dice.randrange(1, 29):02}T09:00:00" for _ in range(count))
    return [f"u{dice.randrange(20)},m{dice.randrange(40)},{at},,x\n" for at in moments]


def test_a_sheet_and_lines_of_json_with_the_same_clicks_are_judged_alike(tmp_path):
    rows = clicks(400)
    sheet = written(tmp_path / "log.csv", "\ufeff", HEAD, *rows)
    lines = []
    for row in rows:
        user, item, ts, *_ = row.split(",")
        lines.append(f'{{"user": "{user}", "item": "{item}", "ts": "{ts}"}}\n')
    other = written(tmp_path / "l.jsonl", *lines)
    told = [judged(each, None, None).table for each in (sheet, other)]
    assert repr(told[0]) == repr(told[1])
    assert {row["recommender"] for row in told[0]} >= {"popularity", "EASE"}
    assert all(row["customers"] > 0 for row in told[0])


def test_items_and_users_say_more_of_whom_and_what(tmp_path):
    log = written(tmp_path / "log.csv", HEAD, *clicks(400))
    items = written(tmp_path / "items.csv", "id,tags\n", *(f"m{n},a|b{n}\n" for n in range(40)))
    users = written(tmp_path / "users.jsonl", '{"id": 1, "attrs": {"city": "x"}, "age": 3}\n')
    assert judged(log, items, users)


@pytest.mark.parametrize(
    ("between", "coding"), [(";", "utf-8"), ("\t", "utf-16"), (",", "gb18030")]
)
def test_a_sheet_as_spreadsheets_write_it_is_read(tmp_path, between, coding):
    sheet = tmp_path / "log.csv"
    named = ["user, item,ts,weight,shop\n", *(each.replace("u", "客户") for each in clicks(40))]
    sheet.write_text("".join(each.replace(",", between) for each in named), encoding=coding)
    told = list(rows(sheet, logs.EVENT))
    assert len(told) == 40
    assert told[0]["user"].startswith("客户")
    assert told[0]["item"].startswith("m")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("userId,movieId,rating,timestamp\n1,2,4,5\n",
         "has no column user, item, ts, but userId, movieId, rating, timestamp"),
        ("u1,m1,2026-01-01,1\n", "has no column user, item, ts, but u1, m1, 2026-01-01, 1"),
        ('[{"user": 1, "item": 2, "ts": 3}]', "write an object a line"),
        ("", "has no column user, item, ts"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_log_says_what_it_lacks(tmp_path, text, why):
    with pytest.raises(click.UsageError, match=re.escape(why)):
        judged(written(tmp_path / "log.csv", text), None, None)


def test_a_folder_needs_its_events_and_may_lack_the_rest(tmp_path):
    with pytest.raises(click.UsageError, match=r"no events\.csv"):
        judged(tmp_path, None, None)
    written(tmp_path / "events.csv", HEAD, *clicks(60))
    assert judged(tmp_path, None, None).about.readings == 60


def test_of_nobody_no_figure_is_told_and_none_is_the_best(tmp_path, capsys):
    """All of them newcomers: nobody is judged on what she read before."""
    log = written(tmp_path / "log.csv", HEAD, *(f"u{n},m1,{n + 1},,\n" for n in range(50)))
    found = judged(log, None, None)
    assert [row["low"] for row in found.table[1:]] == [None] * 3
    for figure in ("ndcg@10", "recall@20", "coverage@10"):
        assert [row[figure] for row in found.table] == [None] * 4
    tell_people(found, "en")
    told = capsys.readouterr().out
    assert "nan" not in told
    (line,) = [each for each in told.splitlines() if "NDCG@10" in each]
    assert line.count("–") == 4
    assert "*" not in line


def test_what_has_no_weight_is_no_reading(tmp_path):
    weighed = [each.replace(",,x", f",{n % 2},x") for n, each in enumerate(clicks(60))]
    assert judged(written(tmp_path / "l.csv", HEAD, *weighed), None, None).about.readings == 30
    nothing = [each.replace(",,x", f",{-(n % 2)},x") for n, each in enumerate(clicks(60))]
    with pytest.raises(click.UsageError, match="0 events with a weight above 0 are too few"):
        judged(written(tmp_path / "log.csv", HEAD, *nothing), None, None)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("u1,,2026-01-01,\n", "line 12: item: This is required."),
        ("u1,m1,yesterday,\n", "line 12: ts: This is not an ISO 8601 time."),
        ("u1,m1,nan,\n", "line 12: ts: This is not an ISO 8601 time."),
        ("u1,m1,2026-01-01,heavy\n", "line 12: weight: This must be a number."),
        ("u1,m1,2026-01-01,nan\n", "line 12: weight: This must be a number."),
    ],
)
def test_a_line_that_is_none_is_named_with_its_field(tmp_path, line, why):
    log = written(tmp_path / "log.csv", HEAD, *clicks(10), line)
    with pytest.raises(click.UsageError, match=why.replace(".", r"\.")):
        judged(log, None, None)


def test_all_lines_that_are_wrong_are_told_at_once_ten_by_name(tmp_path):
    wrong = [f"u{n},m1,yesterday,\n" for n in range(14)]
    log = written(tmp_path / "log.csv", HEAD, *clicks(10), *wrong)
    with pytest.raises(click.UsageError) as refused:
        judged(log, None, None)
    told = refused.value.message.splitlines()
    assert [f"line {n}: ts" in line for n, line in enumerate(told[:10], 12)] == [True] * 10
    assert told[10:] == ["… and 4 lines more"]


def test_how_far_it_is_is_told_from_the_reading_on(tmp_path, capsys):
    judged(written(tmp_path / "log.csv", HEAD, *clicks(400)), None, None, every=200)
    steps = [line.split(" s  ")[1] for line in capsys.readouterr().err.splitlines()]
    assert steps[0].startswith("reads ")
    assert steps[1:3] == ["has read 200 events…", "has read 400 events…"]
    assert "juzhen learns from 320 events…" in steps
    assert "EASE is asked about customer 0 of 20…" in steps


def test_what_is_no_json_is_named_by_its_line(tmp_path):
    log = written(tmp_path / "log.jsonl", '{"user": 1, "item": 2, "ts": 3}\n', "{broken\n")
    with pytest.raises(click.UsageError, match="line 2: This must be a JSON object"):
        judged(log, None, None)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("user", ("u1", " u1 ", 7, "", None, "a\x00b", "x" * 300, True, 1.5)),
        ("ts", (1.8e9, 1_800_000_000_123, "1800000000", "2026-01-02T03:04:05", "2026-01-02",
                "2026-01-02T03:04:05+08:00", "yesterday", "nan", "inf", float("nan"), None, True)),
        ("weight", (2, 2.5, "2.5", "", None, "heavy", "nan", float("inf"), True, [1])),
    ],
)  # fmt: skip
def test_a_line_is_read_the_same_whether_it_is_plainly_fine_or_by_the_contract(field, values):
    def by(reading, told):
        try:
            return reading(logs.EVENT, told)
        except Invalid as flawed:
            return [(flaw.field, flaw.reason) for flaw in flawed.flaws]

    for value in values:
        told = {"user": "u", "item": "i", "ts": 1.8e9, "weight": 1.0, "shop": "x"} | {field: value}
        kept = {name: each for name, each in told.items() if each not in ("", None)}
        assert by(logs.read, told) == by(checked, kept), (field, value)
