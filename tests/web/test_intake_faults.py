"""Intake with faults, real processes: what was answered is there, and nothing is there twice."""

import base64
import http.client
import random
import threading

import orjson
import pytest

from kernel.events import unpack_any
from stores.history import Fold
from stores.sqlite.history import SqliteHistory
from stores.sqlite.journal import SqliteJournal
from tests.sizes import sized

KEY = {"Authorization": "Basic " + base64.b64encode(b"wk:").decode()}


def track(number):
    return {"type": "track", "event": "read", "userId": "u1", "messageId": f"m{number}"}


def kept(home):
    """The ids in the journal of a server, as often as they are there."""
    journal = SqliteJournal(home / "journal")
    told = [unpack_any(packed).id for entry in journal.read(0, 10**6) for packed in entry.packed]
    journal.close()
    return told


def folded(home):
    """The ids in a history folded from it."""
    journal, history = SqliteJournal(home / "journal"), SqliteHistory(home / "history.db")
    fold = Fold(journal, history)
    while fold.run():
        pass
    found = [event.id for _, event in history.after(0, 10**6)]
    assert [*history.flaws(), *fold.flaws()] == []
    journal.close()
    history.close()
    return found


def test_killed_between_fsync_and_answer_a_repeat_adds_nothing(started, tmp_path):
    """F12: the client heard nothing, sends again, and there is still one row."""
    server = started(JUZHEN_CRASH_AT="journal.committed", JUZHEN_CRASH_MARK=str(tmp_path / "mark"))
    body = orjson.dumps({"batch": [track(1), track(2)]})
    with pytest.raises(ConnectionError):
        server.ask("POST", "/v1/batch", body, KEY)
    assert (tmp_path / "mark").read_text() == "journal.committed\n"
    server.stop()
    assert kept(tmp_path) == ["m1", "m2"]

    server = started()
    assert server.ask("POST", "/v1/batch", body, KEY)[0] == 200
    server.stop()
    assert len(kept(tmp_path)) == 4
    assert folded(tmp_path) == ["m1", "m2"]


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


def test_killed_again_and_again_every_answered_event_is_there_once(started, tmp_path):
    """F11: four senders, a fifth of the ids sent again, three (ten) kills."""
    server, some = started(), random.Random(5)
    count = sized(3_000, 100_000)
    ids = [*range(count), *(some.randrange(count) for _ in range(count // 5))]
    some.shuffle(ids)
    batches = [ids[start : start + 6] for start in range(0, len(ids), 6)]
    senders = [Sender(server, batches[number::4]) for number in range(4)]
    for each in senders:
        each.start()
    for _ in range(sized(3, 10)):
        threading.Event().wait(0.25)
        server.kill()
        server.start()
    for each in senders:
        each.join()
    server.stop()
    assert sum(each.lost for each in senders) > 0  # or nothing was shown
    answered = {name for each in senders for name in each.answered}
    found = folded(tmp_path)
    assert len(found) == len(set(found))
    assert set(found) == answered == {f"m{number}" for number in range(count)}
