"""The company of the flows: begun in this process, then asked over HTTP only."""

import base64
import contextlib
import dataclasses
import secrets

import pytest
from engines import clusters
from servers.running import KEY, SECRET

from juzhen.settings import begin, load
from juzhen.wiring import assemble
from kernel.actors import Role
from kernel.secret import Secret
from stores.s3 import S3, Place
from tests.blank import migrate
from tests.flows.company import Asking, Processes, eventually, free_port

PASSWORD = "a horse of the house"
AES_KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")


@dataclasses.dataclass
class Company:
    """Everything that a flow needs to know of it."""

    processes: Processes
    web: Asking
    sandbox: Asking
    port: int
    tokens: dict
    ids: dict
    write_key: str
    other: Asking | None = None

    def start_web(self, **extra):
        self.processes.start("web", "serve", **extra)
        assert eventually(self.web.up), self.processes.log("web")

    def start_another_web(self):
        """A second `juzhen serve` over the same stores, with caches of its own."""
        port = free_port()
        self.other = Asking(f"http://127.0.0.1:{port}")
        self.processes.start("other web", "serve", JUZHEN_WEB_PORT=str(port))
        assert eventually(self.other.up), self.processes.log("other web")

    def start_worker(self, **extra):
        self.processes.start("worker", "worker", **extra)

    def start_sandbox(self):
        self.processes.start(
            "sandbox", "sandbox", "--port", self.sandbox.url.rpartition(":")[2],
            "--folder", str(self.processes.home / "sandbox"), "--hub", self.web.url,
            "--act-every", "0",
        )  # fmt: skip
        assert eventually(lambda: self.sandbox.up("/sandbox/knobs")), self.processes.log("sandbox")

    def start(self):
        self.start_sandbox()
        self.start_web()
        self.start_worker()


@pytest.fixture
def company(request, tmp_path, engine_name):
    """Begun and running, on each engine in turn."""
    with running(tmp_path, **(alone(request) if engine_name == "postgres" else {})) as made:
        yield made


def alone(request):
    """Everything but the files in one PostgreSQL database."""
    url = request.getfixturevalue("postgres_url")
    return {
        "stores_records": url, "stores_journal": "records", "stores_search": "records",
        "stores_history": "records",
    }  # fmt: skip


@pytest.fixture
def cluster_company(request, tmp_path, elasticsearch_url, s3_url):
    """Begun and running on PostgreSQL, Elasticsearch and S3."""
    at = Place(s3_url, f"t{secrets.token_hex(8)}", "", KEY, Secret(SECRET))
    with clusters.own(elasticsearch_url) as cluster:
        S3(at)._client().create_bucket(Bucket=at.bucket)
        search = f"elastic+{elasticsearch_url}/{cluster.at.prefix}"
        host = s3_url.removeprefix("http://")
        placed = {
            "stores_search": search, "stores_history": search,
            "stores_files": f"s3+http://{KEY}:{SECRET}@{host}/{at.bucket}/anhe?public={s3_url}",
        }  # fmt: skip
        with running(tmp_path, **alone(request) | placed) as made:
            yield made


@contextlib.contextmanager
def running(home, **stores):
    """A company of its own in a folder, with all its processes; ``stores`` are settings."""
    port, sandbox_port = free_port(), free_port()
    sandbox = f"http://127.0.0.1:{sandbox_port}"
    chosen = {name: url for name, url in stores.items() if url}
    begin(
        home, company_name="安和人寿", web_port=port, outbound_origins=sandbox,
        stores_durability="process", company_modules="mass_send,auto_add", **chosen,
    )  # fmt: skip
    settings = load({"JUZHEN_HOME": str(home)})
    migrate(settings)
    platform = assemble(settings)
    try:
        tokens, ids, write_key, official = _begun(platform, sandbox)
    finally:
        platform.close()
    processes = Processes(home, {})
    made = Company(
        processes, Asking(f"http://127.0.0.1:{port}"), Asking(sandbox), port, tokens, ids, write_key
    )
    try:
        made.start_sandbox()
        made.sandbox("POST", "/sandbox/accounts", json=official)
        made.start_web()
        made.start_worker()
        yield made
    finally:
        processes.close()


def _begun(platform, sandbox):
    """Two accounts, an editor, a rep with a login, and everybody's tokens."""
    platform.taxonomy.ship(by="t")
    unit = platform.staff.add_unit("north", "华北分公司", by="t")
    editor = platform.staff.add("editor", "陈编辑", by="t", role=Role.EDITOR)
    rep = platform.staff.add("rep", "李静", by="t", unit=unit.id, role=Role.REP)
    for person in (editor, rep):
        platform.access.enrol(person.id, person.code, Secret(PASSWORD), by="t")
    shared = {"app_secret": secrets.token_hex(16), "token": "t0ken", "aes_key": AES_KEY}
    official = platform.accounts.add(
        code="oa", name="安和人寿", kind="wechat_oa", ecosystem="wechat",
        settings={"app_id": "wx0001", "base_url": sandbox}, secrets=shared, by="t",
    )  # fmt: skip
    app = platform.accounts.add(
        code="app", name="安和 App", kind="app", ecosystem="own_app", by="t"
    )
    issue = platform.access.issue
    tokens = {
        "editor": issue(Role.EDITOR, "editor", by="t", staff=editor.id).reveal(),
        "expired": issue(Role.EDITOR, "expired", by="t", staff=editor.id, days=0).reveal(),
        "rep": issue(Role.REP, "rep", by="t", staff=rep.id).reveal(),
        "app": issue(Role.CHANNEL_APP, "app", by="t", account=app.id).reveal(),
        "admin": issue(Role.ADMIN, "admin", by="t").reveal(),
    }
    ids = {"oa": official.id, "app": app.id, "rep": rep.id, "unit": unit.id}
    played = {
        "appid": "wx0001", "secret": shared["app_secret"], "token": "t0ken", "aes_key": AES_KEY,
        "code": "oa", "name": "安和人寿",
        "cast": [{"openid": "o-zhou", "unionid": "u-zhou", "name": "周女士", "follows": False}],
    }  # fmt: skip
    return tokens, ids, app.write_key, played
