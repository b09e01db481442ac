"""Materials are found by their words and tags; the index only follows, and may be missing."""

import sqlite3
from datetime import timedelta

import pytest

from content_hub.finding import Finding
from stores.sqlite.search import SqliteSearch


@pytest.fixture
def index(tmp_path):
    kept = SqliteSearch(tmp_path / "search.db", durability="process")
    yield kept
    kept.close()


@pytest.fixture
def finding(index, records, materials, changes, taxonomy):
    return Finding(index, records, materials, changes, taxonomy)


def found(finding, text, **asked):
    while finding.follow(3):
        pass
    return [each.id for each in finding.search(text, **asked).items]


def test_a_material_is_found_once_it_was_followed(finding, material):
    assert finding.search("养老").items == []
    assert found(finding, "养老 规划") == [material.id]
    assert finding.follow() == 0


def test_edits_tags_and_synonyms_are_followed(finding, materials, material, taxonomy):
    materials.edit("plan", title="个人养老金账户", body="<p>每年<b>一万二</b></p>", by="li")
    taxonomy.rename("pension", synonyms=["银发"], by="li")

    assert found(finding, "账户") == found(finding, "一万二") == [material.id]
    assert found(finding, "银发") == [material.id]
    assert found(finding, "规划") == []


def test_words_are_narrowed_by_type_tag_unit_and_account(
    finding, materials, taxonomy, shelf, clock
):
    taxonomy.create("养老", "topic", code="pension", by="li")
    home = taxonomy.create("养老社区", "topic", parent="pension", by="li")
    script = materials.create("script", "参观话术", tags=[home.id], by="li")
    poster = materials.create("poster", "参观海报", tags=["pension"], unit="unt_1", by="li")
    placed = shelf.place(
        script.id, "acc_1", opens=clock(), closes=clock() + timedelta(days=1), by="li"
    )

    assert set(found(finding, "参观")) == {script.id, poster.id}
    assert set(found(finding, "参观", tags=["pension"])) == {script.id, poster.id}
    assert found(finding, "参观", tags=[home.id]) == [script.id]
    assert found(finding, "参观", types=["poster"]) == [poster.id]
    assert found(finding, "参观", sight={""}) == [script.id]
    assert found(finding, "参观", account="acc_1") == [script.id]
    shelf.retire(placed.id, by="li")
    assert found(finding, "参观", account="acc_1") == []


def test_pages_follow_one_another(finding, materials):
    made = {materials.create("script", f"晨会早报{n}", by="li").id for n in range(5)}
    found(finding, "")
    seen, after = [], None
    while True:
        page = finding.search("早报", first=2, after=after)
        seen += [each.id for each in page.items]
        after = page.next
        if after is None:
            break

    assert sorted(seen) == sorted(made)


class Broken:
    def search(self, *asked, **more):
        raise sqlite3.OperationalError("disk I/O error")


def test_without_the_index_the_database_answers_and_says_so(
    records, materials, material, changes, taxonomy
):
    answer = Finding(Broken(), records, materials, changes, taxonomy).search("养老", sight={""})

    assert answer.degraded
    assert [each.id for each in answer.items] == [material.id]
    assert answer.total == 1


def test_an_emptied_index_is_written_again(finding, index, material):
    assert found(finding, "养老") == [material.id]
    index.clear()
    assert found(finding, "养老") == [material.id]
