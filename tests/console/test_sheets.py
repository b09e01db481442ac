"""Sheets and duplicates in the console: tried, brought in, taken back, told out."""

import io

import pytest

from juzhen.console.sheets import MOST_ROWS, _download

GOOD = "code,type,title,tags\na1,script,开场白,pension\na2,script,收尾,养老\n"
BAD = GOOD + "a3,nothing,坏的,\n"
PAGES = ("sheets", "sheets?lang=en", "duplicates", "duplicates?lang=en")


def sent(desk, text, act, name="library.csv"):
    return desk.post("/console/sheets", act=act, file=(io.BytesIO(text.encode()), name))


def test_a_sheet_is_tried_then_brought_in_then_taken_back(rooms, desk):
    tried = sent(desk, BAD, "try")
    assert "还没有写入" in tried.text
    assert "第 4 行" in tried.text
    assert rooms.materials.page(count=True).total == 0
    brought = sent(desk, BAD, "bring")
    assert "导入完成" in brought.text
    assert rooms.materials.page(count=True).total == 2
    (run,) = rooms.bringing.runs()
    undone = desk.post("/console/sheets", act="undo", run=run.id)
    assert "恢复 2 份素材" in undone.text
    assert rooms.materials.page(count=True).total == 0


@pytest.mark.parametrize("name", ["library.xls", "library.xlsx", ""])
def test_a_file_that_is_none_is_refused_beside_its_field(desk, name):
    refused = sent(desk, GOOD, "bring", name)
    assert refused.status_code == 422
    assert 'id="wrong-file"' in refused.text


def test_a_zero_in_a_files_name_is_no_part_of_it(desk):
    assert "还没有写入" in sent(desk, GOOD, "try", "library.c\0sv").text


def test_a_file_with_too_many_rows_names_the_command(rooms, desk):
    many = "code,type,title\n" + "".join(f"c{n},script,t\n" for n in range(MOST_ROWS + 1))
    refused = sent(desk, many, "bring")
    assert refused.status_code == 422
    assert "juzhen import materials" in refused.text
    assert rooms.bringing.runs() == []


def test_what_is_told_out_can_be_brought_in_again(rooms, desk, material):
    rooms.products.add("yl", "=年金", price="5", by="li")
    told = desk.get("/console/sheets/materials.csv")
    assert material.title in told.text
    again = sent(desk, told.data.decode("utf-8-sig"), "try")
    assert "修改" in again.text
    assert ",'=年金," in desk.get("/console/sheets/products.csv").text


def test_a_list_that_breaks_off_says_so_in_its_last_line():
    """Its connection breaks too: tests/web/test_front.py."""

    def told():
        yield {"code": "a1"}
        yield {"code": "a2"}
        raise OSError("the disk is gone")

    lines = []
    with pytest.raises(OSError, match="disk"):
        lines.extend(_download("materials.csv", ("code",), told()).response)
    *_, one, _, last = b"".join(lines).decode("utf-8-sig").splitlines()
    assert one == "a1"
    assert "文件不完整" in last


def test_a_long_list_leaves_in_large_pieces_while_it_is_read():
    read = []

    def told():
        for number in range(5_000):
            read.append(number)
            yield {"code": f"c{number}", "title": "养" * 60}

    pieces = iter(_download("materials.csv", ("code", "title"), told()).response)
    begins = next(pieces)
    assert len(read) < 1_500, "nothing is kept until the end"
    rest = [*pieces]
    assert len(rest) < 10, "each piece has its own way to who reads it"
    lines = b"".join([begins, *rest]).decode("utf-8-sig").splitlines()
    assert [line.partition(",")[0] for line in lines] == ["code", *(f"c{n}" for n in range(5_000))]


def test_what_is_told_out_is_told_by_the_newest_and_only_as_far_as_it_is_seen(rooms):
    for number in range(10):
        unit = "east" if number % 3 == 0 else ""
        rooms.materials.create("script", "t", code=f"c{number}", unit=unit, tags=["pension"],
                               by="li")  # fmt: skip
    told = list(rooms.bringing.told())
    assert [each["code"] for each in told] == [f"c{n}" for n in reversed(range(10))]
    assert {each["tags"] for each in told} == {"pension"}
    seen = [each["code"] for each in rooms.bringing.told({"east"})]
    assert seen == ["c9", "c6", "c3", "c0"]
    assert list(rooms.bringing.told(set())) == []
    walked = list(rooms.materials.walk(together=3))
    assert [len(some) for some in walked] == [3, 3, 3, 1]
    assert [each.code for some in walked for each in some] == [each["code"] for each in told]


def test_a_branch_edits_no_material_of_another_by_sheet(rooms, clock):
    rooms.materials.create("script", "总部的", code="hq", by="li")
    told = [(2, {"code": "hq", "type": "script", "title": "改了"})]
    for dry_run in (True, False):
        done = rooms.bringing.bring(told, source="x", by="li", units={"east"}, dry_run=dry_run)
        assert (done.refused, done.edited) == (1, 0)
    assert rooms.materials.one("hq").title == "总部的"


def test_duplicates_stand_together(rooms, desk):
    body = "<p>退休以后，每个月多一份固定的收入，医疗和照护都提前安排好，孩子也能放心。</p>"
    made = [
        rooms.materials.create("image_text", "养老规划", body=body, tags=["pension"], by="li").id
        for _ in range(9)
    ]
    page = desk.get("/console/duplicates").text
    assert "9 份几乎相同" in page
    shown, _, folded = page.partition("还有 3 份")
    assert [sum(f"/materials/{key}" in part for key in made) for part in (shown, folded)] == [6, 3]


@pytest.mark.browser
def test_the_pages_are_for_everybody(for_everybody, rooms, desk):
    sent(desk, BAD, "bring")
    body = "<p>退休以后，每个月多一份固定的收入，医疗和照护都提前安排好，孩子也能放心。</p>"
    for _ in range(2):
        rooms.materials.create("image_text", "养老规划", body=body, tags=["pension"], by="li")
    for path in PAGES:
        for_everybody(path)
