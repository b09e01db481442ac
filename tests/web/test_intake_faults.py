"""Intake with faults, real processes: what was answered is there, and nothing is there twice."""

import base64
import http.client
import os
import random
import resource
import select
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

import orjson
import psycopg
import pytest

from kernel.events import unpack_any
from stores.history import Fold
from stores.postgres.history import PostgresHistory
from stores.postgres.journal import PostgresJournal
from stores.sqlite.history import SqliteHistory
from stores.sqlite.journal import SqliteJournal
from tests.faults import disk_of, mounted_anew
from tests.sizes import sized

KEY = {"Authorization": "Basic " + base64.b64encode(b"wk:").decode()}


def track(number):
    return {"type": "track", "event": "read", "userId": "u1", "messageId": f"m{number}"}


class Embedded:
    """Journal and history in the folder of the server."""

    def __init__(self, home):
        self.environment = {}
        self._home = home

    def journal(self):
        return SqliteJournal(self._home / "journal")

    def history(self):
        return SqliteHistory(self._home / "history.db")

    def fill(self, server):
        files = (self._home / "journal").iterdir()
        _may_grow_to(_processes(server), max(file.stat().st_size for file in files))

    def free(self, server):
        _may_grow_to(_processes(server), resource.RLIM_INFINITY)


class OnServer:
    """Both in one database of PostgreSQL."""

    def __init__(self, url):
        self.environment = {"JOURNAL": url}
        self._url = url
        for each in (self.journal(), self.history()):
            each.prepare()
            each.close()

    def journal(self):
        return PostgresJournal(self._url, owner=lambda: "the tests")

    def history(self):
        return PostgresHistory(self._url, owner=lambda: "the tests")

    def fill(self, server):
        """Its log is written in files of 16 MB, which are there already."""
        _may_grow_to(self._backends(), 16 << 20)

    def free(self, server):
        _may_grow_to(self._backends(), resource.RLIM_INFINITY)

    def _backends(self):
        with psycopg.connect(self._url.replace("+psycopg", "")) as bare:
            others = (
                "select pid from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
            return [pid for (pid,) in bare.execute(others)]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def stores(request, tmp_path):
    if request.param == "sqlite":
        return Embedded(tmp_path)
    return OnServer(request.getfixturevalue("postgres_url"))


def kept(stores):
    """The ids in the journal of a server, as often as they are there."""
    with closing(stores.journal()) as journal:
        entries = journal.read(0, 10**6)
    return [unpack_any(packed).id for entry in entries for packed in entry.packed]


def folded(stores):
    """The ids in a history folded from it."""
    with closing(stores.journal()) as journal, closing(stores.history()) as history:
        fold = Fold(journal, history)
        while fold.run():
            pass
        found = [event.id for _, event in history.after(0, 10**6)]
        assert [*history.flaws(), *fold.flaws()] == []
    return found


def test_killed_between_fsync_and_answer_a_repeat_adds_nothing(started, stores, tmp_path):
    """F12: the client heard nothing, sends again, and there is still one row."""
    dying = {"JUZHEN_CRASH_AT": "journal.committed", "JUZHEN_CRASH_MARK": str(tmp_path / "mark")}
    server = started(**stores.environment, **dying)
    body = orjson.dumps({"batch": [track(1), track(2)]})
    with pytest.raises(ConnectionError):
        server.ask("POST", "/v1/batch", body, KEY)
    assert (tmp_path / "mark").read_text() == "journal.committed\n"
    server.stop()
    assert kept(stores) == ["m1", "m2"]

    server = started(**stores.environment)
    assert server.ask("POST", "/v1/batch", body, KEY)[0] == 200
    server.stop()
    assert len(kept(stores)) == 4
    assert folded(stores) == ["m1", "m2"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="nobody else limits another")
def test_a_full_disk_refuses_loses_nothing_and_passes_without_a_restart(started, stores):
    """F19: files may grow no more, as on a disk with nothing left, and later they may again."""
    server = started(**stores.environment)
    answered = []

    def send(number):
        much = {"properties": {"much": "x" * 20_000}}
        items = [track(f"{number}-{place}") | much for place in range(20)]
        status, headers, _ = server.ask("POST", "/v1/batch", orjson.dumps({"batch": items}), KEY)
        if status == 200:
            answered.extend(each["messageId"] for each in items)
        else:
            assert (status, bool(headers["Retry-After"])) == (503, True)
        return status

    assert send(0) == 200
    stores.fill(server)
    assert 503 in [send(number) for number in range(1, 50)]
    stores.free(server)
    assert [send(number) for number in range(50, 53)] == [200] * 3
    server.stop()
    assert folded(stores) == answered


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="nobody else mounts so")
def test_f19_a_real_disk_of_four_megabytes_that_may_only_be_read_or_is_full(started, tmp_path):
    """What was kept is there and nothing else; made writable or freed, the same process goes on."""
    with disk_of(4, tmp_path / "disk") as disk:
        (disk / "journal").mkdir()
        (tmp_path / "journal").symlink_to(disk / "journal")
        (disk / "ballast").write_bytes(bytes(1 << 20))
        mounted_anew(disk, "ro")
        server, answered = started(), []

        def send(number):
            item = track(number) | {"properties": {"much": "x" * 20_000}}
            body = orjson.dumps({"batch": [item]})
            status, headers, told = server.ask("POST", "/v1/batch", body, KEY)
            if status == 200:
                answered.append(f"m{number}")
            else:
                assert (status, bool(headers["Retry-After"])) == (503, True)
                assert orjson.loads(told)["message"]
            return status

        assert [send(number) for number in range(3)] == [503] * 3
        mounted_anew(disk, "rw")
        assert [send(number) for number in range(3)] == [200] * 3
        told = Counter(send(number) for number in range(3, 300))
        assert min(told[200], told[503]) > 50
        (disk / "ballast").unlink()
        assert [send(number) for number in range(300, 310)] == [200] * 10
        server.stop()
        with closing(SqliteJournal(tmp_path / "journal")) as journal:
            entries = journal.read(0, 10**6)
        assert [unpack_any(each).id for entry in entries for each in entry.packed] == answered


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="nobody else limits another")
def test_f19_a_large_body_that_finds_no_room_is_refused_with_a_word_and_comes_later(server):
    whole = bytes(range(256)) * 20_000
    _may_grow_to(_processes(server), 2 << 20)
    status, headers, told = _sent_slowly(server, whole)
    assert (status, headers["Retry-After"]) == (503, "30")
    assert "30 秒后重试" in orjson.loads(told)["detail"]
    _may_grow_to(_processes(server), resource.RLIM_INFINITY)
    assert server.ask("POST", "/echo", whole)[2] == whole


def _sent_slowly(server, body):
    """As a client does that hears nothing before it has sent everything."""
    half = len(body) // 2

    def pieces():
        yield body[:half]
        select.select([connection.sock], [], [], 0.5)  # an answer that comes early is not read
        yield body[half:]

    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
        connection.request("POST", "/echo", pieces(), {"Content-Length": str(len(body))})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


MALFORMED = (
    "not an object", {"type": "dance", "userId": "u1"}, {"type": "track", "event": "read"},
    track(0) | {"userId": {"of": "nobody"}}, track(0) | {"timestamp": "the day after"},
    track(0) | {"properties": {"much": "x" * 40_000}}, track(0) | {"event": ""},
    track(0) | {"timestamp": "2100-01-01T00:00:00Z"},
)  # fmt: skip
UNREADABLE = (
    b'{"batch": [{"type": "track", "event": "\xff\xfe"', b'{"batch": ' + b"[" * 50_000,
    b'{"batch": [{"x": "' + b"y" * 1_100_000 + b'"}]}', b'{"batch": [NaN]}', b'{"batch": {}}',
)  # fmt: skip


def test_one_in_twenty_is_malformed_and_its_neighbours_are_kept(started, stores):
    """F13: nothing fails, each is among the refused with its reason, no good one is missing."""
    server, some, count = started(**stores.environment), random.Random(13), sized(600, 20_000)
    items = [track(number) for number in range(count)]
    bad = {some.randrange(count) for _ in range(count // 20)}
    for place in bad:
        items[place] = some.choice(MALFORMED)
    bodies = [orjson.dumps({"batch": items[start : start + 30]}) for start in range(0, count, 30)]
    bodies += UNREADABLE
    some.shuffle(bodies)
    statuses = Counter()
    with server.connection() as connection:
        for body in bodies:
            with suppress(BrokenPipeError):  # what is too large is answered while it is sent
                connection.request("POST", "/v1/batch", body, KEY)
            answer = connection.getresponse()
            told = orjson.loads(answer.read())
            if answer.status == 200:
                assert all(each["code"] and each["message"] for each in told["rejected"])
            else:
                assert told["message"]
                statuses[answer.status] += 1
    server.stop()
    assert set(folded(stores)) == {f"m{number}" for number in range(count) if number not in bad}
    with closing(stores.history()) as history:
        counts = [(refused.reason, counted) for refused, counted in history.refusals()]
    assert all(reason for reason, _ in counts)
    assert sum(counted for _, counted in counts) == len(bad) + statuses[400]
    assert statuses == {400: len(UNREADABLE) - 1, 413: 1}  # what is too large is not even read


def _processes(server):
    main = server.process.pid
    workers = Path(f"/proc/{main}/task/{main}/children").read_text().split()
    return [main, *map(int, workers)]


def _may_grow_to(processes, size):
    """How large a file of any of these processes may become; only their own user may say it."""
    most = "unlimited" if size == resource.RLIM_INFINITY else size
    for process in map(str, processes):
        whose, user = Path("/proc", process).stat(), {}
        if os.geteuid() == 0:  # the server of the tests has a user of its own then
            user = {"user": whose.st_uid, "group": whose.st_gid, "extra_groups": []}
        command = ["prlimit", "--pid", process, f"--fsize={most}:unlimited"]
        subprocess.run(command, check=True, **user)


class Sender(threading.Thread):
    """Posts batches until each is answered, as an SDK does: also what was answered by nobody."""

    def __init__(self, server, batches):
        super().__init__()
        self._server, self._batches = server, batches
        self.answered = []
        self.lost = 0

    def run(self):
        for batch in self._batches:
            body = orjson.dumps({"batch": [track(number) for number in batch]})
            while not self._accepted(body):
                self.lost += 1
                threading.Event().wait(0.02)
            self.answered += [f"m{number}" for number in batch]

    def _accepted(self, body):
        try:
            return self._server.ask("POST", "/v1/batch", body, KEY)[0] == 200
        except (OSError, http.client.HTTPException):
            return False


def test_killed_again_and_again_every_answered_event_is_there_once(started, stores):
    """F11: eight senders, a fifth of the events sent again up to five times, ten kills."""
    server, some = started(**stores.environment), random.Random(5)
    count = sized(50_000, 1_000_000)
    again = some.sample(range(count), count // 5)
    ids = [*range(count), *(each for each in again for _ in range(some.randint(1, 5)))]
    some.shuffle(ids)
    batches = [ids[start : start + 10] for start in range(0, len(ids), 10)]
    senders = [Sender(server, batches[number::8]) for number in range(8)]
    for each in senders:
        each.start()
    for _ in range(10):
        threading.Event().wait(0.25)
        assert any(each.is_alive() for each in senders)  # or nobody is disturbed
        server.kill()
        server.start()
    for each in senders:
        each.join()
    server.stop()
    assert sum(each.lost for each in senders) > 0  # or nothing was shown
    answered = {name for each in senders for name in each.answered}
    found = folded(stores)
    assert len(found) == len(set(found))
    assert set(found) == answered == {f"m{number}" for number in range(count)}
