"""What callers see over HTTP while servers are away, and after they are back.

A company on PostgreSQL with search and history on Elasticsearch and files on S3, each behind a
network that is cut and mended.
"""

import io
import json
import secrets

import psycopg
import pytest
import urllib3
from engines import clusters
from PIL import Image
from servers.proxy import Fault, Proxy
from servers.running import KEY, SECRET

from juzhen.settings import load
from juzhen.wiring import assemble
from kernel.actors import Role
from kernel.events import Handle
from kernel.secret import Secret
from stores.s3 import S3, Place
from tests.flows.company import eventually
from tests.flows.conftest import PASSWORD, alone, running
from tests.flows.test_main_job import CREATE, FIND, PLACE, RECOMMEND, TAG, TIMELINE, Desk

pytestmark = [
    pytest.mark.postgres, pytest.mark.elastic, pytest.mark.s3, pytest.mark.timeout(600),
]  # fmt: skip
SEARCH = "query($text: String!) { search(text: $text) { nodes { id } totalCount degraded } }"
AWAY = Fault(status=503)


@pytest.fixture
def networks(elasticsearch_url, s3_url):
    with Proxy(elasticsearch_url) as cluster, Proxy(s3_url) as bucket:
        yield cluster, bucket


@pytest.fixture
def company(request, tmp_path, networks, elasticsearch_url, s3_url):
    at = Place(s3_url, f"t{secrets.token_hex(8)}", "", KEY, Secret(SECRET))
    S3(at)._client().create_bucket(Bucket=at.bucket)
    cluster, bucket = (each.url.removeprefix("http://") for each in networks)
    with clusters.own(elasticsearch_url) as own:
        search = f"elastic+http://{cluster}/{own.at.prefix}"
        placed = {
            "stores_search": search, "stores_history": search,
            "stores_files": f"s3+http://{KEY}:{SECRET}@{bucket}/{at.bucket}/anhe",
        }  # fmt: skip
        with running(tmp_path, **alone(request) | placed) as made:
            yield made


class Her:
    """A customer of the rep's who reads, and what an editor made for her."""

    def __init__(self, company):
        self.company, self.web, self.tokens = company, company.web, company.tokens
        self.handle = Handle("user", company.ids["app"], "zhou")
        platform = assemble(load({"JUZHEN_HOME": str(company.processes.home)}))
        platform.customers.entrust(self.handle, company.ids["rep"], by="t")
        boss = platform.staff.add("boss", "周主任", by="t", role=Role.ADMIN)
        platform.access.enrol(boss.id, "boss", Secret(PASSWORD), by="t")
        platform.close()
        self.material = self.makes("养老规划话术")
        placed = {"channel": "app", "opens": "2026-01-01T00:00:00Z"}
        placed |= {"closes": "2099-01-01T00:00:00Z", "material": self.material}
        done = self.web.graphql(PLACE, self.tokens["editor"], input=placed)
        assert done["placeMaterial"]["problems"] == []
        self.reads("read-1")
        assert eventually(lambda: self.known() and self.times() >= 1)

    def makes(self, title):
        told = {"type": "script", "title": title, "body": "<p>您好</p>", "fields": []}
        made = self.web.graphql(CREATE, self.tokens["editor"], input=told)["createMaterial"]
        assert made["problems"] == []
        tagged = {"materials": [made["material"]["id"]], "add": ["stage.connect"]}
        done = self.web.graphql(TAG, self.tokens["editor"], input=tagged)
        assert done["tagMaterials"]["problems"] == []
        return made["material"]["id"]

    def reads(self, id_):
        """Acknowledged, or not."""
        told = {
            "type": "track", "event": "View Page", "userId": "zhou", "messageId": id_,
            "properties": {"material": self.material},
        }  # fmt: skip
        basic = urllib3.make_headers(basic_auth=f"{self.company.write_key}:")
        return self.web("POST", "/v1/batch", json={"batch": [told]}, headers=basic).status

    def known(self):
        found = self.web.graphql(FIND, self.tokens["admin"], handle=str(self.handle))
        return [each["id"] for each in found["customers"]["nodes"]]

    def times(self):
        """How often she is known to have read; what was done about her is told there, too."""
        (her,) = self.known()
        told = self.web.graphql(TIMELINE, self.tokens["admin"], id=her)
        kinds = [each["kind"] for each in told["customer"]["timeline"]["nodes"]]
        return kinds.count("track.view_page")

    def timeline(self):
        (her,) = self.known()
        asked = {"query": TIMELINE, "variables": {"id": her}}
        return self.web("POST", "/graphql", self.tokens["admin"], json=asked)

    def found(self, text):
        return self.web.graphql(SEARCH, self.tokens["editor"], text=text)["search"]

    def offered(self):
        (her,) = self.known()
        told = self.web.graphql(RECOMMEND, self.tokens["rep"], customer=her)
        return [each["material"]["id"] for each in told["recommendations"]["items"]]


def uploads(company, colour):
    out = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "PNG")
    return company.web("POST", "/media", company.tokens["editor"], body=out.getvalue())


def rows(url, table):
    with psycopg.connect(url.replace("+psycopg", "")) as run:
        return run.execute(f"select count(*) from {table}").fetchone()[0]


def comes_back(answer):
    assert answer.status == 503, answer.data
    assert int(answer.headers["Retry-After"]) > 0
    assert b"Traceback" not in answer.data
    return True


def test_f15_while_the_cluster_is_away_people_are_answered_and_nothing_is_lost(company, networks):
    her, desk = Her(company), Desk(company.web, "editor", PASSWORD)
    assert eventually(lambda: her.found("养老")["totalCount"] == 1)
    assert her.found("养老")["degraded"] is False
    before = her.times()
    networks[0].faults = [AWAY]

    later = her.makes("停机时写的养老话术")
    found = her.found("养老")
    assert {each["id"] for each in found["nodes"]} == {her.material, later}
    assert found["degraded"] is True
    page = desk.get("/console/materials?q=养老")
    assert "搜索暂时不可用" in page
    assert "停机时写的养老话术" in page
    assert her.offered() == [her.material]
    for who, place in (("rep", "workbench"), ("boss", "console")):
        page = Desk(company.web, who, PASSWORD).get(f"/{place}/customers/{her.known()[0]}")
        assert "发生过的事暂时取不到" in page
    boss = Desk(company.web, "boss", PASSWORD)
    for place in ("forecast", "referrals", "reports/tiers"):  # made of what the database holds
        assert "行为历史暂时没有应答" in boss.get(f"/console/{place}"), place
    for place in ("board", "reports/landing"):  # counted from the history itself
        assert comes_back(boss.ask(f"/console/{place}"))
    assert her.reads("read-2") == 200
    answer = her.timeline()
    assert b'"code":"overloaded"' in answer.data
    assert b"Traceback" not in answer.data
    assert company.web("GET", "/readyz").status == 200

    networks[0].faults = []
    assert eventually(lambda: her.times() == before + 1)
    assert eventually(lambda: later in {each["id"] for each in her.found("停机时")["nodes"]})
    assert "搜索暂时不可用" not in desk.get("/console/materials?q=养老")
    assert "行为历史暂时没有应答" not in boss.get("/console/forecast")


def test_f18_while_the_bucket_is_away_no_upload_is_acknowledged_and_none_leaves_a_row(
    company, networks, postgres_url
):
    kept = json.loads(uploads(company, "#246").data)["id"]
    picture = f"/media/{kept}/original"
    assert company.web("GET", picture).status == 200
    there = rows(postgres_url, "media_files")
    networks[1].faults = [AWAY]

    assert comes_back(uploads(company, "#864"))
    assert comes_back(company.web("GET", picture))
    assert rows(postgres_url, "media_files") == there
    assert company.web("GET", "/readyz").status == 200

    networks[1].faults = []
    assert company.web("GET", picture).status == 200
    assert uploads(company, "#864").status in {200, 201}
    assert rows(postgres_url, "media_files") == there + 1
