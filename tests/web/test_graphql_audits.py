"""GraphQL over HTTP as its working group audits it: no error and no warning among the 61 audits of
graphql-http; what it only notes are other ways to ask that we do not open.

They come from npm once and are kept in the user's cache; without Node they are skipped by name.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time

import pytest

from juzhen.settings import begin, load
from juzhen.wiring import assemble
from kernel.actors import Role
from tests.blank import migrate
from tests.servers.cached import ROOT, Missing, graphql_audits

AUDIT = """
const {auditServer} = require("graphql-http");
const [url, token] = process.argv.slice(1);
const fetchFn = (to, how = {}) =>
  fetch(to, {...how, headers: {...how.headers, authorization: `Bearer ${token}`}});
auditServer({url, fetchFn}).then(async (told) => console.log(JSON.stringify(
  told.map(({id, name, status, reason}) => ({id, name, status, reason})))));
"""


@pytest.fixture(scope="module")
def audits():
    try:
        return graphql_audits()
    except Missing as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(missing))


@pytest.fixture
def served(tmp_path):
    """The front of a company of its own, and a developer's token."""
    home = tmp_path / "company"
    begin(home, stores_durability="process")
    settings = load({"JUZHEN_HOME": str(home)})
    migrate(settings)
    platform = assemble(settings)
    token = platform.access.issue(Role.ADMIN, "audits", by="li").reveal()
    platform.close()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = "granian --interface rsgi --loop uvloop --no-ws --log-level error --host 127.0.0.1"
    process = subprocess.Popen(
        [sys.executable, "-m", *command.split(), "--port", str(port), "juzhen.web.front:app"],
        env=os.environ | {"PYTHONPATH": str(ROOT), "JUZHEN_HOME": str(home)},
    )
    deadline = time.monotonic() + 90
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            assert time.monotonic() < deadline, "the front did not start"
            threading.Event().wait(0.05)
    yield f"http://127.0.0.1:{port}/graphql", token
    process.terminate()
    process.wait(60)


def test_no_audit_of_graphql_over_http_finds_an_error(audits, served):
    told = subprocess.run(
        [shutil.which("node"), "-e", AUDIT, "--", *served], cwd=audits, capture_output=True,
        timeout=60, check=True,
    )  # fmt: skip
    results = json.loads(told.stdout)
    assert len(results) == 61
    assert [each for each in results if each["status"] in {"error", "warn"}] == []
    assert sum(each["status"] == "ok" for each in results) >= 39
