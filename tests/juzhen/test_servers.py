"""Stores on servers of their own: what the start and the doctor say of them, and never say."""

import orjson
import pytest
from click.testing import CliRunner
from engines import clusters
from servers.running import KEY, SECRET

from juzhen.cli import juzhen
from juzhen.settings import BadSetting
from kernel.secret import Secret
from stores.s3 import S3, Place

pytestmark = [pytest.mark.elastic, pytest.mark.s3]
NOBODY = "127.0.0.1:9"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A command of a company whose stores are placed by keywords."""
    monkeypatch.setenv("JUZHEN_HOME", str(tmp_path))

    def run(*words, **stores):
        told = {f"JUZHEN_STORES_{name.upper()}": url for name, url in stores.items()}
        return CliRunner().invoke(juzhen, words, env=told)

    assert run("init").exit_code == 0
    return run


def doctor(run, **stores):
    rows = orjson.loads(run("doctor", "--json", **stores).stdout)
    return {row["what"]: row for row in rows}


def host(url):
    return url.removeprefix("http://")


@pytest.fixture
def search(elasticsearch_url):
    with clusters.own(elasticsearch_url) as cluster:
        yield f"elastic+http://{host(elasticsearch_url)}/{cluster.at.prefix}"


def indices(search):
    address = clusters.place(search)
    with clusters.connected(address) as cluster:
        return list(cluster.client().indices.get(index=f"{address.prefix}*"))


def test_an_index_is_made_by_migrating_and_by_nothing_else(run, search):
    with pytest.raises(BadSetting, match="juzhen migrate"):
        raise run("check", search=search).exception
    told = doctor(run, search=search)["JUZHEN_STORES_SEARCH"]
    assert (told[""], told["do"]) == ("✗", "Run: juzhen migrate")
    assert indices(search) == []

    assert "made" in run("migrate", search=search).stdout
    assert "made" not in run("migrate", search=search).stdout

    assert doctor(run, search=search)["JUZHEN_STORES_SEARCH"][""] == "✓"
    assert run("check", search=search).exit_code == 0
    assert len(indices(search)) == 1


def test_another_companys_index_is_left_alone(run, search, tmp_path, monkeypatch):
    assert run("migrate", search=search).exit_code == 0
    monkeypatch.setenv("JUZHEN_HOME", str(tmp_path / "other"))
    assert run("init").exit_code == 0
    told = doctor(run, search=search)["JUZHEN_STORES_SEARCH"]
    assert "another company" in told["found"]
    assert "prefix of its own" in told["do"]
    for command in ("check", "migrate"):
        with pytest.raises(BadSetting, match="another company"):
            raise run(command, search=search).exception
    assert len(indices(search)) == 1


def test_changed_keys_leave_the_companys_own_index_its_own(run, search, tmp_path):
    assert run("migrate", search=search).exit_code == 0
    file = tmp_path / "juzhen.toml"
    old = next(line for line in file.read_text().splitlines() if line.startswith("links"))
    file.write_text(file.read_text().replace(old, f'links = "{"ab" * 32}"'))
    assert doctor(run, search=search)["JUZHEN_STORES_SEARCH"][""] == "✓"
    assert "made" not in run("migrate", search=search).stdout


def test_a_server_that_is_down_stops_no_start_and_is_named(run):
    down = {"search": f"elastic+http://{NOBODY}/anhe", "files": f"s3+http://k:s@{NOBODY}/b"}
    told = doctor(run, **down)
    for setting in ("JUZHEN_STORES_SEARCH", "JUZHEN_STORES_FILES"):
        assert told[setting][""] == "✗"
        assert "does not answer" in told[setting]["found"]
    assert run("token", "list", **down).exit_code == 0


@pytest.mark.parametrize("what", ["search", "files"])
def test_an_address_that_cannot_be_read_is_refused_without_being_shown(run, what):
    with pytest.raises(BadSetting) as refused:
        raise run("check", **{what: "ftp://user:a-password@host/x"}).exception
    assert f"JUZHEN_STORES_{what.upper()}" in str(refused.value)
    assert "a-password" not in str(refused.value)


def test_a_bucket_is_looked_at_and_never_made(run, s3_url):
    address = f"s3+http://{KEY}:{SECRET}@{host(s3_url)}/not-there"
    told = doctor(run, files=address)["JUZHEN_STORES_FILES"]
    assert "NoSuchBucket" in told["found"]
    assert SECRET not in str(told)
    with pytest.raises(BadSetting, match="Make the bucket"):
        raise run("check", files=address).exception
    S3(Place(s3_url, "there", "", KEY, Secret(SECRET)))._client().create_bucket(Bucket="there")
    there = address.replace("not-there", "there/anhe")
    assert doctor(run, files=there)["JUZHEN_STORES_FILES"][""] == "✓"
    assert run("check", files=there).exit_code == 0


def test_what_is_neither_is_told_by_name(run, s3_url):
    """A server that speaks HTTP and is something else."""
    told = doctor(run, search=f"elastic+http://{host(s3_url)}/anhe")["JUZHEN_STORES_SEARCH"]
    assert told[""] == "✗"
    assert host(s3_url) in told["found"]
