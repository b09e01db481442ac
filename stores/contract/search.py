"""What every engine of `stores.search` must pass (搜索契约). Names no engine.

Subclass it in a test module and give it a fixture ``index``; change nothing. Scores differ between
engines, so sets are compared, and the order of clearly different documents; never numbers.
"""

from __future__ import annotations

import pytest

from kernel.errors import Invalid
from stores.search import EVERYTHING, Document, Filter, Hits, SearchIndex

SHELF = {
    "retire": ("退休后的生活", "三步看懂个人养老账户"),
    "pension": ("商业养老保险怎么选", "与社保的区别"),
    "savings": ("理财小白入门", "从余额宝到基金定投"),
    "claim": ("保险理赔指南", "住院医疗险报销流程"),
    "car": ("车险续保提醒", "4S店到店礼"),
    "vip": ("ＶＩＰ会员日", "iPhone手机壳八折"),
    "friday": ("Black Friday 海淘", "美妆 skincare 套装"),
    "script": ("短视频带货话术", "第2026号，开场三分钟"),
}

ASKED = [
    ("养老", {"retire", "pension"}),
    ("养老保险", {"pension"}),
    ("保险", {"pension", "claim"}),
    ("理财", {"savings"}),
    ("车", {"car"}),
    ("店", {"car"}),
    ("4S店", {"car"}),
    ("4s", {"car"}),
    ("vip", {"vip"}),
    ("VIP", {"vip"}),
    ("ｖｉｐ 手机壳", {"vip"}),
    ("iphone", {"vip"}),
    ("black friday", {"friday"}),
    ("Friday black", {"friday"}),
    ("SKINCARE", {"friday"}),
    ("基金，定投！", {"savings"}),
    ("定投 基金", {"savings"}),
    ("话术", {"script"}),
    ("2026", {"script"}),
    ("202", set[str]()),
    ("老养", set[str]()),
    ("养老 理财", set[str]()),
]

HARMLESS = [
    *"\"'*^:(){}[]-+~\\/%_;,.?!。，！？“”（）", *"ßİﷺ…",
    '"', '""', '"unclosed', "'; DROP TABLE texts; --", "a AND", "AND", "OR OR", "NOT",
    "NEAR(a b, 2)", "title:养老", "{title} : x", "养*", "* * *", "-养老", "^养", "a\x00b", "\x00",
    "\ud800", "\U0001f600", "\u202e养老", "e\u0301\u0301", "\t\n",
    "养" * 300, "养 " * 400, "a b " * 1000, "x" * 5000,
]  # fmt: skip


def document(name: str, title: str = "", body: str = "", **more: object) -> Document:
    return Document(id=name, texts={"title": title, "body": body}, **more)  # type: ignore[arg-type]  # the tests know what they give


def found(index: SearchIndex, text: str, where: Filter = EVERYTHING, **how: object) -> list[str]:
    return index.search(text, where, **how).ids  # type: ignore[arg-type]  # words of a test


class SearchContract:
    """Needs a fixture ``index``: an empty `SearchIndex`."""

    @pytest.fixture
    def shelf(self, index: SearchIndex) -> SearchIndex:
        index.put(1, [document(name, *texts) for name, texts in SHELF.items()])
        return index

    def test_finds_what_holds_every_word(self, shelf: SearchIndex) -> None:
        hits = {text: shelf.search(text) for text, _ in ASKED}
        assert {text: set(told.ids) for text, told in hits.items()} == dict(ASKED)
        assert {text: told.total for text, told in hits.items()} == {
            text: len(wanted) for text, wanted in ASKED
        }

    def test_no_text_breaks_it(self, shelf: SearchIndex) -> None:
        for text in HARMLESS:
            hits = shelf.search(text, Filter(none=("type:poster",)))
            assert hits.total >= len(hits.ids)

    def test_a_text_without_letters_finds_nothing(self, shelf: SearchIndex) -> None:
        assert shelf.search('"*（！') == Hits([], 0, None)

    def test_an_empty_text_finds_everything(self, shelf: SearchIndex) -> None:
        assert set(found(shelf, " ")) == set(SHELF)

    def test_a_document_with_hostile_texts_is_taken(self, index: SearchIndex) -> None:
        index.put(1, [document(f"d{n}", text, text) for n, text in enumerate(HARMLESS)])
        assert index.search("").total == len(HARMLESS)

    def test_the_title_outranks_the_body(self, index: SearchIndex) -> None:
        index.put(1, [document("a", "每日早报", "养老规划"), document("b", "养老规划", "每日早报")])
        assert found(index, "养老") == ["b", "a"]

    def test_a_greater_number_never_ranks_lower(self, index: SearchIndex) -> None:
        marks = {"a": 0.0, "b": 0.9, "c": 0.3, "d": 0.6}
        index.put(
            1, [document(name, "养老规划", numbers={"quality": n}) for name, n in marks.items()]
        )
        assert found(index, "养老") == found(index, "") == ["b", "d", "c", "a"]

    def test_the_boost_may_be_another_number(self, index: SearchIndex) -> None:
        both = [("a", {"quality": 1.0}), ("b", {"fresh": 1.0})]
        index.put(1, [document(name, "养老规划", numbers=numbers) for name, numbers in both])
        assert found(index, "养老", boost="fresh") == ["b", "a"]

    def test_a_number_that_a_document_has_no_more_counts_no_more(self, index: SearchIndex) -> None:
        for seq, marks in ((1, {"quality": 0.9}), (2, {})):
            both = [("a", marks), ("b", {"quality": 0.5})]
            index.put(seq, [document(name, "养老规划", numbers=told) for name, told in both])
        assert found(index, "养老") == ["b", "a"]

    def test_equals_are_ordered_by_id(self, index: SearchIndex) -> None:
        index.put(1, [document(name, "养老规划") for name in ("c", "a", "d", "b")])
        assert found(index, "养老") == ["a", "b", "c", "d"]

    def test_filters_by_attributes(self, index: SearchIndex) -> None:
        index.put(1, [
            document("a", "养老", attributes=["tag:tag_1", "type:script", "unit:"]),
            document("b", "养老", attributes=["tag:tag_1", "tag:tag_2", "type:poster", "unit:u1"]),
            document("c", "养老", attributes=["tag:tag_2", "type:script", "unit:u2"]),
        ])  # fmt: skip
        for text in ("养老", ""):
            assert found(index, text, Filter(all=("tag:tag_1",))) == ["a", "b"]
            assert found(index, text, Filter(all=("tag:tag_1", "tag:tag_2"))) == ["b"]
            assert found(index, text, Filter(any=(("unit:", "unit:u2"),))) == ["a", "c"]
            assert found(index, text, Filter(any=(("unit:", "unit:u1"), ("tag:tag_2",)))) == ["b"]
            assert found(index, text, Filter(none=("type:script",))) == ["b"]
            assert found(index, text, Filter(all=("tag:tag_2",), none=("unit:u1",))) == ["c"]
            assert found(index, text, Filter(all=("tag:tag",))) == []
            assert found(index, text, Filter(any=((),))) == []

    def test_attributes_are_counted_over_all_that_is_found(self, index: SearchIndex) -> None:
        index.put(1, [
            document("a", "养老", attributes=["tag:tag_1", "type:script", "unit:"]),
            document("b", "养老", attributes=["tag:tag_1", "tag:tag_2", "type:poster", "unit:"]),
            document("c", "理财", attributes=["tag:tag_2", "type:script", "unit:u.*"]),
            document("d", "养老", attributes=["tag:tag_2", "type:script"]),
        ])  # fmt: skip
        index.put(2, [document("d", "养老", attributes=["type:script"])])
        index.put(2, [document("e", "养老", attributes=["tag:tag_1", "type:poster"])])
        index.drop(3, ["e"])
        assert index.counts("", families=["tag:"]) == {"tag:tag_1": 2, "tag:tag_2": 2}
        assert index.counts("养老", families=["tag:", "type:"]) == {
            "tag:tag_1": 2, "tag:tag_2": 1, "type:script": 2, "type:poster": 1,
        }  # fmt: skip
        narrowed = Filter(all=("tag:tag_1",), none=("type:poster",))
        assert index.counts("养老", narrowed, families=["type:"]) == {"type:script": 1}
        assert index.counts("", families=["unit:u.*"]) == {"unit:u.*": 1}
        assert index.counts("保险", families=["tag:"]) == {}
        assert index.counts("。", families=["tag:"]) == {}
        assert index.counts("", Filter(any=((),)), families=["tag:"]) == {}

    def test_counts_follow_whatever_was_written_since_they_were_last_asked_for(
        self, index: SearchIndex
    ) -> None:
        index.put(1, [document("a", "养老", attributes=["tag:1"]), document("b", "养老")])
        assert index.counts("", families=["tag:"]) == {"tag:1": 1}
        index.put(2, [document("a", "养老", attributes=["tag:2"])])
        index.put(2, [document("b", "养老", attributes=["tag:1", "tag:2"])])
        assert index.counts("", families=["tag:"]) == {"tag:1": 1, "tag:2": 2}
        index.drop(3, ["b"])
        assert index.counts("养老", families=["tag:"]) == {"tag:2": 1}
        with index.beside():
            pass
        assert index.counts("", families=["tag:"]) == {}
        index.put(1, [document("c", "养老", attributes=["tag:3"]), document("d", "理财")])
        assert index.counts("", families=["tag:"]) == {"tag:3": 1}
        assert index.counts("理财", families=["tag:"]) == {}

    def test_a_rebuild_drops_what_it_did_not_write_and_until_then_all_is_found(
        self, index: SearchIndex
    ) -> None:
        index.put(7, [document("a", "养老"), document("b", "养老")], mark="7")
        with pytest.raises(ZeroDivisionError), index.beside() as fresh:
            fresh.put(3, [document("a", "养老")], mark=f"{fresh.seen()}{1 // 0}")
        assert (set(found(index, "养老")), index.seen()) == ({"a", "b"}, "7")
        with index.beside() as fresh:
            assert fresh.seen() == ""
            fresh.put(3, [document("a", "理财")], mark="3")
            assert fresh.seen() == "3"
            assert "b" in found(index, "养老")
            assert index.seen() == "7"
        assert (found(index, "养老"), found(index, "理财")) == ([], ["a"])
        assert (index.seen(), list(index.flaws())) == ("3", [])
        index.put(4, [document("b", "养老", attributes=["tag:1"])], mark="4")
        assert (found(index, "养老"), index.seen()) == (["b"], "4")
        assert index.counts("", families=["tag:"]) == {"tag:1": 1}

    def test_every_character_of_a_word_in_kana_or_hangul_is_found(self, index: SearchIndex) -> None:
        index.put(1, [document("a", "カタログ"), document("b", "", "안녕"), document("c", "ｶﾀ")])
        assert set(found(index, "タ")) == {"a", "c"}
        assert found(index, "グ") == found(index, "ログ") == ["a"]
        assert found(index, "녕") == ["b"]

    def test_attributes_are_exact_and_never_found_as_text(self, index: SearchIndex) -> None:
        index.put(1, [document("a", "x", attributes=["Tag:一 二", 'q"', "养老", "every"])])
        assert found(index, "养老") == found(index, "every") == found(index, "tag") == []
        assert found(index, "", Filter(all=("Tag:一 二", 'q"', "养老"))) == ["a"]
        assert found(index, "", Filter(all=("tag:一 二",))) == []
        assert found(index, "", Filter(any=(tuple(f"tag:{n}" for n in range(500)),))) == []

    def test_pages_neither_repeat_nor_skip(self, index: SearchIndex) -> None:
        index.put(1, [
            document(f"d{n:02}", "养老规划", "老" * (n % 5), numbers={"quality": n % 3})
            for n in range(25)
        ])  # fmt: skip
        whole = found(index, "养老", first=100)
        pages, after = [], None
        while True:
            hits = index.search("养老", first=7, after=after)
            assert hits.total == 25
            pages.append(hits.ids)
            after = hits.next
            if after is None:
                break
        assert [len(page) for page in pages] == [7, 7, 7, 4]
        assert [name for page in pages for name in page] == whole

    def test_the_last_full_page_has_no_next(self, index: SearchIndex) -> None:
        index.put(1, [document(f"d{n}", "养老") for n in range(4)])
        assert index.search("养老", first=4).next is None
        assert index.search("养老", first=0) == Hits([], 4, None)

    def test_a_cursor_that_is_not_ours_is_refused(self, shelf: SearchIndex) -> None:
        for after in ["x", "WzFd", "//", "é", "bnVsbA"]:
            with pytest.raises(Invalid) as refused:
                shelf.search("养老", after=after)
            assert refused.value.field == "after"

    def test_an_edit_is_found_under_its_new_words_only(self, index: SearchIndex) -> None:
        index.put(1, [document("a", "养老", attributes=["type:script"], numbers={"quality": 1})])
        index.put(2, [document("a", "理财", attributes=["type:poster"])])
        assert found(index, "养老") == found(index, "", Filter(all=("type:script",))) == []
        assert found(index, "理财", Filter(all=("type:poster",))) == ["a"]

    def test_older_never_overwrites_newer(self, index: SearchIndex) -> None:
        index.put(5, [document("a", "理财")], mark="five")
        index.put(3, [document("a", "养老")], mark="three")
        index.drop(4, ["a"], mark="four")
        assert found(index, "理财") == ["a"]
        assert found(index, "养老") == []
        assert index.seen() == "five"

    def test_an_older_document_does_not_come_back_after_a_drop(self, index: SearchIndex) -> None:
        index.drop(5, ["a"])
        index.put(4, [document("a", "养老")])
        assert found(index, "养老") == []
        index.put(6, [document("a", "养老")])
        assert found(index, "养老") == ["a"]

    def test_repeating_does_no_harm(self, shelf: SearchIndex) -> None:
        before = found(shelf, "")
        shelf.put(1, [document(name, *texts) for name, texts in SHELF.items()])
        shelf.drop(2, ["nothing", "of the kind"])
        shelf.drop(2, ["nothing", "of the kind"])
        assert found(shelf, "") == before
        assert list(shelf.flaws()) == []

    def test_what_is_dropped_is_no_longer_found(self, shelf: SearchIndex) -> None:
        shelf.drop(2, ["car", "vip"])
        assert found(shelf, "车") == []
        assert set(found(shelf, "")) == set(SHELF) - {"car", "vip"}

    def test_the_mark_moves_only_when_it_is_given(self, index: SearchIndex) -> None:
        assert index.seen() == ""
        index.put(1, [document("a", "养老")], mark="0:7")
        index.put(1, [document("b", "养老")])
        assert index.seen() == "0:7"
        index.put(2, [], mark="0:9")
        index.drop(2, [], mark="0:10")
        assert index.seen() == "0:10"

    def test_a_rebuild_answers_like_what_grew(self, index: SearchIndex) -> None:
        shelf = [
            document(f"d{n}", *texts, numbers={"quality": n / 10})
            for n, texts in enumerate(SHELF.values())
        ]
        for seq, each in enumerate([*shelf, *reversed(shelf)]):
            index.put(seq, [document(each.id, "旧"), each], mark=str(seq))
        grown = {text: found(index, text) for text, _ in ASKED}

        with index.beside():
            pass
        assert (index.seen(), index.search("").total) == ("", 0)
        index.put(1, shelf)

        assert {text: found(index, text) for text, _ in ASKED} == grown
        assert list(index.flaws()) == []
