"""F3, the worker's half: killed wherever its folds and followers can be torn, it loses nothing.

What is published and sent is `test_crash_points`; the fold and the journal are shown with their
engines. Here a whole company lives on while its worker dies at each of the other points.
"""

import json
import subprocess
import sys
import uuid

import pytest

import juzhen.wiring  # noqa: F401 — every room that declares a point
from kernel.crash import POINTS
from tests.flows.company import eventually
from tests.flows.conftest import running
from tests.sizes import turns

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("flows")]

FOLLOWERS = [
    "own_acts.copied",
    "digest.identified",
    "digest.profiled",
    "digest.done",
    "counters.put",
    "finding.put",
    "triggers.told",
]
SHOWN_ELSEWHERE = ("fold.", "journal.", "publishing.", "deliveries.", "courier.", "wechat.",
                   "callbacks.", "nightly.")  # fmt: skip

CREATE = """mutation($input: CreateMaterialInput!) {
  createMaterial(input: $input) { material { id } problems { code field message } } }"""
FIND = """query($h: String!) { customers(filter: {handle: $h}) {
  nodes { id timeline(first: 100) { totalCount nodes { id } } } } }"""


def test_every_declared_point_is_shown_somewhere():
    here = {name for name in POINTS if not name.startswith(SHOWN_ELSEWHERE)}
    assert here == set(FOLLOWERS)


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    with running(tmp_path_factory.mktemp("crashes")) as made:
        yield made


def acts(company, who, title):
    """An editor makes something, a customer logs in and reads it twice; a resend comes too."""
    made = company.web.graphql(
        CREATE, company.tokens["editor"],
        input={"type": "script", "title": title, "body": "<p>您好</p>"},
    )["createMaterial"]  # fmt: skip
    assert made["problems"] == []
    material = made["material"]["id"]
    batch = [
        {"type": "identify", "userId": who, "messageId": str(uuid.uuid4()),
         "traits": {"phone": "13900" + who[-6:]}},
        *(
            {"type": "track", "event": "Material Opened", "userId": who,
             "messageId": str(uuid.uuid4()), "properties": {"material": material}}
            for _ in range(2)
        ),
    ]  # fmt: skip
    for _ in range(2):
        sent = company.web(
            "POST", "/v1/batch", json={"batch": batch, "writeKey": company.write_key}
        )
        assert sent.status == 200, sent.data
    return material


def told(company, who):
    handle = f"user:{company.ids['app']}:{who}"
    nodes = company.web.graphql(FIND, company.tokens["admin"], h=handle)["customers"]["nodes"]
    return nodes[0]["timeline"] if nodes else None


@pytest.mark.parametrize("turn", turns(20))
@pytest.mark.parametrize("point", FOLLOWERS)
def test_a_worker_killed_there_loses_nothing_and_tells_nothing_twice(
    company, tmp_path, point, turn
):
    number = 100 * turn + FOLLOWERS.index(point)
    mark, who = tmp_path / "mark", f"u{number:06d}"
    company.processes.end("worker")
    company.start_worker(JUZHEN_CRASH_AT=point, JUZHEN_CRASH_MARK=str(mark))
    title = f"崩溃点{number}"
    material = acts(company, who, title)

    worker = company.processes.running["worker"]
    assert eventually(lambda: worker.poll() is not None, 30), f"{point} was not hit"
    assert mark.read_text().split() == [point]
    company.processes.kill("worker")
    company.start_worker()

    line = eventually(
        lambda: (told(company, who) or {}).get("totalCount") == 3 and told(company, who)
    )
    assert line, told(company, who)
    assert len({each["id"] for each in line["nodes"]}) == 3
    search = "query($t: String!) { search(text: $t, first: 5) { nodes { id } } }"

    def found():
        answer = company.web.graphql(search, company.tokens["editor"], t=title)["search"]
        return [each["id"] for each in answer["nodes"]]

    assert eventually(lambda: found() == [material]), found()


def test_afterwards_every_invariant_holds(company):
    done = subprocess.run(
        [sys.executable, "-m", "juzhen", "check", "--json"],
        cwd=company.processes.home, env=company.processes.environment,
        capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == []
