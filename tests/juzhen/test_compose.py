"""`compose.yaml` hands out servers of the versions that we test on, and addresses that fit them."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from servers import cached

from juzhen.settings import Settings
from stores.elastic import cluster
from stores.postgres import database
from stores.s3 import place

COMPOSE = (Path(__file__).parents[2] / "compose.yaml").read_text("utf-8")
IMAGES = dict(re.findall(r"image: (\S+):(\S+)", COMPOSE))
ADDRESSES = dict(re.findall(r"# +JUZHEN_(STORES_\w+)=(\S+)", COMPOSE))
PORTS = dict(re.findall(r'ports: \["(127\.0\.0\.1:\d+):(\d+)"\]', COMPOSE))
READ = {
    "stores_records": database.place, "stores_search": cluster.place,
    "stores_history": cluster.place, "stores_files": place,
}  # fmt: skip


@pytest.mark.parametrize(
    ("image", "tested"),
    [
        ("docker.elastic.co/elasticsearch/elasticsearch", cached.ELASTICSEARCH),
        ("opensearchproject/opensearch", cached.OPENSEARCH.rsplit(".", 1)[0]),
        ("versity/versitygw", cached.VERSITYGW),
    ],
)
def test_an_image_is_of_the_version_that_the_tests_run_on(image, tested):
    assert IMAGES[image] == tested


def test_postgresql_is_new_enough():
    assert int(IMAGES["postgres"]) >= 15


def test_its_addresses_are_settings_that_we_read_and_lead_to_its_ports():
    assert ADDRESSES.pop("STORES_JOURNAL") == "records"
    assert {name.lower() for name in ADDRESSES} == READ.keys()
    assert all(hasattr(Settings(), name) for name in READ)
    for name, address in ADDRESSES.items():
        READ[name.lower()](address)
        assert urlsplit(address).netloc.rpartition("@")[2] in PORTS
    bucket = place(ADDRESSES["STORES_FILES"]).bucket
    assert f"/objects/{bucket}]" in COMPOSE


def test_nothing_listens_beyond_this_machine():
    assert len(PORTS) == COMPOSE.count("ports:") == len(IMAGES)
