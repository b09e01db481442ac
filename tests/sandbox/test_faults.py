"""Faults: what can go wrong on the way of a call, over real connections and through kill -9."""

import json
import signal
import subprocess
import sys
from http.client import HTTPConnection, IncompleteRead, RemoteDisconnected

import pytest

ACCOUNT = {
    "appid": "wx5823bf96d3bd56c7",
    "secret": "s3cret",
    "token": "QDG6eK",
    "aes_key": "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
    "code": "oa",
}
SIGN_IN = {"grant_type": "client_credential", "appid": ACCOUNT["appid"], "secret": "s3cret"}


class Running:
    """A sandbox in a process of its own."""

    def __init__(self, folder):
        command = [sys.executable, "-m", "juzhen.sandbox", "--port=0", f"--folder={folder}"]
        command += ["--act-every=0", "--hub=http://127.0.0.1:9"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rstrip("/\n").rpartition(":")[2])

    def ask(self, path, told=None):
        line = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            body = None if told is None else json.dumps(told, ensure_ascii=False).encode()
            line.request("GET" if told is None else "POST", path, body)
            return json.loads(line.getresponse().read())
        finally:
            line.close()

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait()
        self.process.stdout.close()
        return self.process.returncode


@pytest.fixture
def started(tmp_path):
    running = []

    def start():
        running.append(Running(tmp_path / "sandbox"))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.end(signal.SIGKILL)


def test_a_killed_sandbox_comes_back_the_same_and_its_faults_are_real(started):
    one = started()
    one.ask("/sandbox/accounts", ACCOUNT)
    token = one.ask("/cgi-bin/stable_token", SIGN_IN)["access_token"]
    one.ask("/sandbox/clock", {"seconds": 60})
    one.ask("/sandbox/knobs", {"review_seconds": 9})
    before = one.ask("/sandbox/followers"), one.ask("/sandbox/knobs")
    one.end(signal.SIGKILL)

    two = started()
    assert (two.ask("/sandbox/followers"), two.ask("/sandbox/knobs")) == before
    assert two.ask("/cgi-bin/stable_token", SIGN_IN)["access_token"] == token

    two.ask("/sandbox/knobs", {"lose_answer": {"path": "qrcode", "times": 1}})
    two.ask("/sandbox/knobs", {"truncate": {"path": "stable_token", "times": 1}})
    code = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "a"}}}
    with pytest.raises(RemoteDisconnected):
        two.ask(f"/cgi-bin/qrcode/create?access_token={token}", code)
    with pytest.raises(IncompleteRead):
        two.ask("/cgi-bin/stable_token", SIGN_IN)
    kept = two.ask("/sandbox/journal")["entries"]
    assert [(entry["path"], entry["fault"]) for entry in kept][-2:] == [
        ("qrcode/create", "lose_answer"),
        ("stable_token", "truncate"),
    ]
    assert two.end() == 0


def test_a_lost_answer_has_done_its_work(platform):
    media_id = platform.draft()["media_id"]
    platform.control("knobs", {"review_seconds": 0, "lose_answer": {"path": "submit", "times": 1}})
    with pytest.raises(ConnectionResetError):
        platform.ask("freepublish/submit", media_id=media_id)

    assert len(platform.see("published")["articles"]) == 1


@pytest.mark.parametrize(
    ("fault", "told", "status", "errcode"),
    [
        ("busy", {}, 200, -1),
        ("errcode", {"errcode": 45009}, 200, 45009),
        ("too_many", {"seconds": 7}, 429, None),
        ("html", {}, 200, None),
        ("bad_gateway", {}, 502, None),
    ],
)
def test_a_fault_answers_instead_and_nothing_is_done(platform, fault, told, status, errcode):
    media_id = platform.draft()["media_id"]
    platform.control("knobs", {fault: {"path": "submit", "times": 1} | told})
    answer = platform.raw("freepublish/submit", json.dumps({"media_id": media_id}))

    assert answer.status_code == status
    assert (answer.json["errcode"] if errcode is not None else None) == errcode
    assert answer.headers.get("Retry-After") == ("7" if fault == "too_many" else None)
    assert platform.ask("freepublish/submit", media_id=media_id)["errcode"] == 0


def test_a_dropped_call_does_nothing(platform):
    media_id = platform.draft()["media_id"]
    platform.control("knobs", {"review_seconds": 0, "drop": {"path": "submit", "times": 1}})
    with pytest.raises(ConnectionResetError):
        platform.ask("freepublish/submit", media_id=media_id)

    assert platform.see("published")["articles"] == []


def test_chance_is_drawn_from_the_seed(platform, opened):
    def faults(one):
        return [one.world.knobs.take("/cgi-bin/x", number) is not None for number in range(200)]

    platform.control("knobs", {"busy": {"path": "/x", "chance": 0.3}})
    met = faults(platform)

    assert faults(opened()) == met
    assert 40 < sum(met) < 80


def test_a_knob_that_does_not_exist_is_refused_and_the_others_are_named(platform):
    told = platform.control("knobs", {"review_secnods": 3})

    assert (told["error"], told["about"]) == ("UnknownKnob", "review_secnods")
    assert "review_seconds" in told["settings"]


def test_knobs_can_be_put_back(platform):
    before = platform.see("knobs")
    platform.control(
        "knobs", {"review_seconds": 0, "busy": {}, "drop": [{"times": 1}, {"path": "x"}]}
    )
    platform.control("knobs", {"review_seconds": None, "busy": None, "drop": None})

    assert platform.see("knobs") == before


@pytest.mark.parametrize("name", ["appid", "secret", "token", "aes_key", "code"])
def test_an_account_that_cannot_be_played_is_refused_by_field(platform, name):
    told = platform.control("accounts", ACCOUNT | {name: ""})

    assert (told["error"], told["about"]) == ("BadAccount", name)
