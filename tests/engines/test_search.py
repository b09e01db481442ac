"""SQLite's full-text search passes the contract, finds all 25 questions, and works in company."""

import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest
from engines.questions import answered
from hypothesis import given, settings
from hypothesis import strategies as st

from stores.bigrams import phrases, tokens
from stores.contract.search import SearchContract, document
from stores.sqlite.search import SqliteSearch

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def index(tmp_path):
    kept = SqliteSearch(tmp_path / "search.db", durability="process")
    yield kept
    kept.close()


class TestSqliteSearch(SearchContract):
    pass


def test_all_questions_of_the_shared_table_are_answered_right(index):
    asked, wrong = answered(index)
    assert wrong == []
    assert asked == 25


WRITER = """
import sys
from pathlib import Path
from stores.contract.search import document
from stores.sqlite.search import SqliteSearch
index, who = SqliteSearch(Path(sys.argv[1]), durability="process"), sys.argv[2]
for seq in range(20):
    index.put(seq, [document(f"{who}-{n}", "养老规划") for n in range(5)], mark=f"{who}:{seq}")
"""


def test_several_processes_write_while_this_one_reads(index, tmp_path):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, tmp_path / "search.db", who], cwd=ROOT)
        for who in ("a", "b", "c")
    ]
    totals = []
    while any(writer.poll() is None for writer in writers):
        totals.append(index.search("养老").total)
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert totals == sorted(totals)
    assert index.search("养老").total == 15
    assert list(index.flaws()) == []


def test_an_index_of_another_shape_is_emptied_to_be_written_again(index, tmp_path):
    index.put(1, [document("a", "养老")], mark="0:1")
    with index._records.write() as session:
        session.connection().exec_driver_sql("PRAGMA user_version = 9999")
    again = SqliteSearch(tmp_path / "search.db", durability="process")
    assert (again.seen(), again.search("").total) == ("", 0)
    again.close()


def test_a_text_without_its_document_is_a_flaw(index):
    index.put(1, [document("a", "养老"), document("b", "理财")])
    with index._records.write() as session:
        session.connection().exec_driver_sql("DELETE FROM texts WHERE rowid = 1")
        session.connection().exec_driver_sql("UPDATE documents SET gone = 1 WHERE id = 'b'")
    assert len(list(index.flaws())) == 2


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="养老保险aB1 ，４Ｓ", max_size=12), st.integers(0, 11), st.integers(1, 12))
def test_every_part_of_a_text_finds_it(text, start, length):
    """A piece cut out of a text, at the edges of its words, is asked for in the text's tokens."""
    told = " ".join(["", *tokens(text), ""])
    piece = text[start : start + length]
    for phrase in phrases(piece):
        said = " ".join(phrase.tokens)
        chinese = not said.isascii()
        assert not chinese or f" {said}" in told


def test_tokens_are_pairs_and_the_last_character():
    assert tokens("养老金 4S店") == ["养老", "老金", "金", "4s", "店"]
    assert tokens("ＶＩＰ_20！") == ["vip", "20"]
    assert [tuple(phrase) for phrase in phrases("养老金 车 VIP")] == [
        (["养老", "老金"], False), (["车"], True), (["vip"], False),
    ]  # fmt: skip


def test_no_write_keeps_the_lock_for_100_ms_however_much_is_put(tmp_path):
    told = []
    index = SqliteSearch(tmp_path / "big.db", durability="process", held=told.append)
    shelf = [document(f"d{n}", "养老规划与理财", f"第{n}篇 教育金" * 12) for n in range(400)]
    index.put(1, shelf)
    index.drop(2, [each.id for each in shelf])
    assert len(told) > 16
    assert median(told) < 0.1  # any single one may have met a busy machine
    index.close()
