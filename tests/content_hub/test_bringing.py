"""Sheets come in row by row: what is wrong is told by line, what was done is taken back."""

import csv
import io
import tempfile
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from content_hub import sheets
from content_hub.bringing import Bringing
from content_hub.materials import Materials
from content_hub.policies import Policies
from content_hub.reviews import Reviews
from kernel.errors import Conflict, Invalid
from tests.sizes import sized


@pytest.fixture
def reviews(records, changes, clock):
    return Reviews(records, changes, clock)


@pytest.fixture
def bringing(records, materials, taxonomy, reviews, clock, pension):
    return Bringing(records, materials, taxonomy, reviews, clock)


@pytest.fixture
def sheet(tmp_path):
    def write(text, name="library.csv"):
        file = tmp_path / name
        file.write_text(text, "utf-8-sig" if name.endswith("csv") else "utf-8")
        return file

    return write


def bring(bringing, file, **more):
    return bringing.bring(sheets.rows(file), source=file.name, by="li", **more)


GOOD = "code,type,title,tags,fields.price\na1,poster,海报,pension,5000\na2,script,话术,养老,\n"


def test_a_sheet_makes_materials_and_the_same_sheet_again_edits_them(bringing, sheet, materials):
    first = bring(bringing, sheet(GOOD))
    assert (first.made, first.edited, first.refused) == (2, 0, 0)
    assert materials.one("a1").fields == {"price": "5000"}
    assert len(materials.about(materials.one("a2").id)) == 1

    again = bring(bringing, sheet(GOOD.replace("海报", "新海报")))
    assert (again.made, again.edited) == (0, 2)
    assert materials.one("a1").title == "新海报"


class Overtaken(Materials):
    """Somebody takes the code a2 in the moment after it was looked for."""

    def by_code(self, codes):
        known = super().by_code(codes)
        if "a2" in codes and "a2" not in known:
            self.create("script", "别人的", code="a2", by="wang")
        return known


def test_a_code_taken_meanwhile_costs_its_own_line_and_no_other(
    records, changes, types, taxonomy, reviews, clock, pension, sheet
):
    overtaken = Overtaken(records, changes, types, taxonomy, clock)
    made = bring(Bringing(records, overtaken, taxonomy, reviews, clock), sheet(GOOD))
    assert (made.made, made.refused) == (1, 1)
    ((line, flaw),) = made.flaws
    assert (line, flaw.reason) == (3, "code_taken")
    assert overtaken.one("a1").title == "海报"
    assert overtaken.one("a2").title == "别人的"


def test_bad_lines_are_told_by_number_and_field_and_the_others_come_in(bringing, sheet, materials):
    rows = [f"c{n},{'nothing' if n % 33 == 7 else 'script'},话术{n}," for n in range(100)]
    rows[50] = "c50,script,话术,没有的标签"
    file = sheet("code,type,title,tags\n" + "\n".join(rows) + "\n")

    dry = bring(bringing, file, dry_run=True)
    assert materials.page(count=True).total == 0
    done = bring(bringing, file)

    assert (done.made, done.refused) == (96, 4)
    assert [(line, flaw.field) for line, flaw in done.flaws] == [
        (9, "type"), (42, "type"), (52, "tags"), (75, "type"),
    ]  # fmt: skip
    assert [line for line, _ in dry.flaws] == [line for line, _ in done.flaws]


def test_a_run_that_broke_off_goes_on_behind_its_last_line(bringing, sheet, materials):
    file = sheet("code,type,title\n" + "".join(f"r{n},script,话术{n}\n" for n in range(50)))

    def broken():
        for row in sheets.rows(file):
            if row[0] > 25:
                raise InterruptedError
            yield row

    with pytest.raises(InterruptedError):
        bringing.bring(broken(), source="x", by="li")
    (run,) = bringing.runs()
    done = bring(bringing, file, resume=run.id)

    assert run.line == 21
    assert done.made == 30
    assert materials.page(count=True).total == 50


def test_a_run_is_taken_back_except_what_somebody_edited_since(bringing, sheet, materials):
    bring(bringing, sheet(GOOD))
    run = bring(bringing, sheet(GOOD.replace("海报", "新海报") + "a3,script,三,,\n"))
    materials.edit("a2", summary="后来改的", by="wang")

    assert bringing.undo(run.run, by="li") == 2

    assert materials.one("a1").title == "海报"
    assert materials.one("a2").summary == "后来改的"
    assert "a3" not in {each.code for each in materials.page().items}
    with pytest.raises(Conflict):
        bringing.undo(run.run, by="li")


def tags(materials, code, taxonomy):
    her = materials.one(code).id
    return {tag.code for tag in taxonomy.tags(materials.topics([her])[her])}


HEAD = "code,type,title,tags\n"


def test_tags_that_a_run_put_on_go_with_it_and_no_others(
    bringing, sheet, materials, taxonomy, clock
):
    """Not those that were on before, nor those that somebody took off and put on again; also where
    somebody edited the texts since."""
    for code in ("warm", "cold", "dry"):
        taxonomy.create(code, "tone", code=code, by="li")
    bring(bringing, sheet(HEAD + "".join(f"a{n},script,话术,warm\n" for n in range(4))))
    run = bring(bringing, sheet(HEAD + "".join(
        f"a{n},script,新,warm;cold;dry\n" for n in range(4)
    )))  # fmt: skip
    clock.move(timedelta(minutes=1))
    materials.untag("a1", ["cold"], by="wang")
    clock.move(timedelta(minutes=1))
    materials.tag("a1", ["cold"], by="wang")
    materials.edit("a2", summary="后来改的", by="wang")
    assert bringing.undo(run.run, by="li") == 3
    assert [tags(materials, f"a{n}", taxonomy) for n in range(4)] == [
        {"warm"}, {"warm", "cold"}, {"warm"}, {"warm"},
    ]  # fmt: skip
    assert materials.one("a2").title == "新"


def test_a_tag_that_two_sheets_name_goes_with_the_last_of_them(
    bringing, sheet, materials, taxonomy, clock
):
    taxonomy.create("冷", "tone", code="cold", by="li")
    bring(bringing, sheet(HEAD + "a1,script,话术,\n"))
    first = bring(bringing, sheet(HEAD + "a1,script,一,cold\n"))
    clock.move(timedelta(minutes=1))
    second = bring(bringing, sheet(HEAD + "a1,script,二,cold\n"))
    assert bringing.undo(first.run, by="li") == 0
    assert tags(materials, "a1", taxonomy) == {"cold"}
    assert bringing.undo(second.run, by="li") == 1
    assert tags(materials, "a1", taxonomy) == set()
    assert materials.one("a1").title == "一"


def test_what_one_run_made_and_edited_is_taken_back_and_what_it_edited_twice(
    bringing, sheet, materials
):
    bring(bringing, sheet(HEAD + "old,script,旧,\nhers,script,旧,\n"))

    def rows():
        for number, row in enumerate(
            ["new,一", "old,一", "hers,一", "new,二", "old,二", "hers,二"], 2
        ):
            code, title = row.split(",")
            if (code, title) == ("hers", "二"):
                materials.edit("hers", summary="中间改的", by="wang")
            yield number, {"code": code, "type": "script", "title": title}

    run = bringing.bring(rows(), source="x", by="li")
    assert (run.made, run.edited) == (1, 5)
    assert bringing.undo(run.run, by="li") == 2
    assert {each.code: each.title for each in materials.page().items} == {"old": "旧", "hers": "二"}


@pytest.mark.parametrize("dry_run", [True, False])
def test_another_type_is_refused_by_its_line_and_field(bringing, sheet, materials, dry_run):
    """Whatever it was before the sheet, and whatever the sheet itself said first."""
    bring(bringing, sheet(HEAD + "a1,script,话术,\n"))
    told = bring(bringing, sheet(
        HEAD + "a1,poster,海报,\na2,poster,海报,\na2,script,话术,\na1,script,新,\n"
    ), dry_run=dry_run)  # fmt: skip
    assert [(line, flaw.field, flaw.reason, flaw.facts["type"]) for line, flaw in told.flaws] == [
        (2, "type", "material_keeps_its_type", "script"),
        (4, "type", "material_keeps_its_type", "poster"),
    ]
    assert (told.made, told.edited, told.refused) == (1, 1, 2)
    assert materials.one("a1").title == ("话术" if dry_run else "新")


def test_what_its_shelf_needs_as_it_is_stays_when_the_others_are_taken_back(
    bringing, sheet, materials, records, changes, shelf, clock
):
    bring(bringing, sheet("code,type,title,tags\na1,poster,海报,pension\na2,script,话术,养老\n"))
    run = bring(bringing, sheet("code,type,title,tags\na1,poster,新海报,\na2,script,新话术,\n"))
    now = clock()
    shelf.place("a1", "acc_app", opens=now, closes=now + timedelta(days=1), by="li")
    Policies(records, changes).set("poster", steps=1, by="li")

    assert bringing.undo(run.run, by="li") == 1

    assert materials.one("a1").title == "新海报"
    assert materials.one("a2").title == "话术"


def test_json_lines_and_unknown_columns(bringing, sheet, materials):
    file = sheet('{"code": "j1", "type": "script", "title": "一"}\n[1]\n{"colour": 1}\n', "a.jsonl")
    done = bring(bringing, file)
    assert (done.made, done.refused) == (1, 2)
    assert [line for line, _ in done.flaws] == [2, 3]


def test_how_far_a_sheet_goes_is_known_before_it_is_read(sheet, tmp_path):
    assert sheets.last_line(sheet(GOOD)) == 3
    told = f'<worksheet {NS}><dimension ref="A1:C1207"/><sheetData/></worksheet>'
    assert sheets.last_line(xlsx(tmp_path / "a.xlsx", told)) == 1_207
    assert sheets.last_line(xlsx(tmp_path / "b.xlsx", f"<worksheet {NS}/>")) is None


def test_what_excel_writes_on_a_chinese_windows_is_read_as_well(tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes("code,title\na1,养老规划\n".encode("gb18030"))
    assert list(sheets.rows(file)) == [(2, {"code": "a1", "title": "养老规划"})]


def xlsx(path, sheet, *, shared="", more=0, **others):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
        if shared:
            archive.writestr("xl/sharedStrings.xml", shared)
        if more:
            archive.writestr("xl/media/bomb", b"0" * more)
        for name, text in others.items():
            archive.writestr(PARTS[name], text)
    return path


PARTS = {
    "book": "xl/workbook.xml", "bonds": "xl/_rels/workbook.xml.rels",
    "second": "xl/worksheets/sheet2.xml",
}  # fmt: skip
NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def test_an_xlsx_is_read_with_shared_and_inline_texts(tmp_path):
    file = xlsx(
        tmp_path / "a.xlsx",
        f'<worksheet {NS}><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c>'
        '<c r="C1" t="s"><v>1</v></c></row><row r="3">'
        '<c r="A3" t="inlineStr"><is><t>x1</t></is></c>'
        '<c r="C3"><v>12</v></c></row></sheetData></worksheet>',
        shared=f"<sst {NS}><si><t>code</t></si><si><r><t>ti</t></r><r><t>tle</t></r></si></sst>",
    )
    assert list(sheets.rows(file)) == [(3, {"code": "x1", "title": "12"})]


def cells(*rows):
    inline = '<c t="inlineStr"><is><t>{}</t></is></c>'
    told = "".join(f"<row>{''.join(map(inline.format, row))}</row>" for row in rows)
    return f"<worksheet {NS}><sheetData>{told}</sheetData></worksheet>"


def test_rows_and_cells_that_do_not_say_where_they_stand_are_the_next(tmp_path):
    file = xlsx(tmp_path / "a.xlsx", cells(("code", "title"), ("x1", "一"), ("x2", "二")))
    assert list(sheets.rows(file)) == [
        (2, {"code": "x1", "title": "一"}), (3, {"code": "x2", "title": "二"}),
    ]  # fmt: skip


def test_the_sheet_that_stands_first_is_read_whatever_its_number(tmp_path):
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    tabs = '<sheet name="素材" sheetId="2" r:id="r9"/><sheet name="旧" sheetId="1" r:id="r1"/>'
    file = xlsx(
        tmp_path / "a.xlsx",
        cells(("code",), ("old",)),
        second=cells(("code",), ("new",)),
        book=f'<workbook {NS} xmlns:r="{office}"><sheets>{tabs}</sheets></workbook>',
        bonds='<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/>'
        '<Relationship Id="r9" Target="/xl/worksheets/sheet2.xml"/></Relationships>',
    )
    assert list(sheets.rows(file)) == [(2, {"code": "new"})]


def test_how_a_word_is_pronounced_is_not_part_of_it(tmp_path):
    file = xlsx(
        tmp_path / "a.xlsx",
        f'<worksheet {NS}><row r="1"><c r="A1" t="s"><v>0</v></c></row>'
        '<row r="2"><c r="A2" t="s"><v>1</v></c></row></worksheet>',
        shared=f"<sst {NS}><si><t>title</t></si><si><t>养老</t>"
        '<rPh sb="0" eb="2"><t>yanglao</t></rPh></si></sst>',
    )
    assert list(sheets.rows(file)) == [(2, {"title": "养老"})]


def test_a_zip_with_any_byte_turned_is_read_or_refused_by_name(tmp_path):
    whole = xlsx(tmp_path / "a.xlsx", cells(("code", "title"), ("x1", "一" * 40))).read_bytes()
    for at in range(len(whole)):
        for turned in (0x01, 0x80, 0xFF):
            file = tmp_path / "b.xlsx"
            file.write_bytes(whole[:at] + bytes([whole[at] ^ turned]) + whole[at + 1 :])
            try:
                list(sheets.rows(file))
            except Invalid as refusal:
                assert refusal.field == "file"  # noqa: PT017  # most are not refused
            sheets.last_line(file)


def test_a_line_with_more_values_than_columns_is_refused(bringing, sheet, materials):
    file = sheet("code,type,title\nx1,script,你好, 世界\nx2,script,好,,\n")
    done = bring(bringing, file)
    assert [(line, flaw.reason) for line, flaw in done.flaws] == [(2, "more_values_than_columns")]
    assert materials.one("x2").title == "好"


def test_a_tag_is_named_exactly_or_the_line_is_refused(bringing, sheet, materials):
    head = "code,type,title,tags\n"
    done = bring(bringing, sheet(f"{head}x1,script,一,养\nx2,script,二,养老\n"))
    assert [(line, flaw.reason) for line, flaw in done.flaws] == [(2, "unknown_tag")]
    assert len(materials.about(materials.one("x2").id)) == 1


def test_a_run_that_was_taken_back_does_not_go_on(bringing, sheet):
    run = bring(bringing, sheet(GOOD)).run
    bringing.undo(run, by="li")
    with pytest.raises(Conflict):
        bring(bringing, sheet(GOOD), resume=run)


@pytest.mark.parametrize("coding", ["utf-8", "gb18030", "utf-16"])
def test_of_two_columns_of_one_name_none_is_read(bringing, sheet, materials, coding):
    file = sheet("")
    file.write_bytes("code,type,title,title\nx1,script,甲,乙\n".encode(coding))
    with pytest.raises(Invalid) as refused:
        bring(bringing, file)
    assert refused.value.flaws[0].reason == "column_is_there_twice"
    file.write_bytes("code,type,title\nx1,script,甲\n".encode(coding))
    bring(bringing, file)
    assert materials.one("x1").title == "甲"


@pytest.mark.parametrize("what", ["bomb", "entities", "text", "name", "shared"])
def test_hostile_files_are_refused_by_name(tmp_path, what):
    file = tmp_path / ("a.xls" if what == "name" else "a.xlsx")
    entity = '<!DOCTYPE x [<!ENTITY a "b">]>'
    if what == "bomb":
        xlsx(file, f"<worksheet {NS}/>", more=30 << 20)
    elif what == "shared":
        cell = '<row r="1"><c r="A1" t="s"><v>7</v></c></row>'
        xlsx(file, f"<worksheet {NS}><sheetData>{cell}</sheetData></worksheet>")
    elif what == "entities":
        xlsx(file, f"{entity}<worksheet {NS}>&a;</worksheet>")
    else:
        file.write_text("not a zip")
    with pytest.raises(Invalid) as refusal:
        list(sheets.rows(file))
    assert refusal.value.field == "file"


FORMULAS = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "\r=1", "=cmd|' /C calc'!A0", "\n=1", " \t=1",
    '=HYPERLINK("https://evil.example","查看")', "=IMPORTXML(1)", "－1", "＝1+1",
    "-2+3+cmd|'x'!A0", "@A1", "=WEBSERVICE(1)", "＋1", "＠SUM(1)",
    "\ufeff=1", "\u00a0=1", "\u200b=1",
)  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_s23_no_spreadsheet_runs_what_is_written_out(text):
    told = "".join(sheets.written(["title"], [{"title": text}, {"title": "年化 -1%"}]))
    rows = list(csv.reader(io.StringIO(told, newline="")))
    assert rows[1][0].startswith("'")
    assert rows[2] == ["年化 -1%"]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))))
@example(["'", "'=1", "''＝1", "' =1", "=1", "年化 -1%", "'保本'"])
def test_what_is_written_out_reads_as_it_was(texts):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.csv"
        told = [{"code": "x", "title": each} for each in texts]
        file.write_text("".join(sheets.written(["code", "title"], told)), "utf-8", newline="")
        assert [row.get("title", "") for _, row in sheets.rows(file)] == texts


class Broken(Exception):
    """The process ended here."""


def test_a_large_sheet_with_bad_lines_breaks_off_goes_on_and_is_taken_back(
    bringing, sheet, materials
):
    """Ten thousand lines of which three in a hundred are bad; two hundred outside a soak."""
    lines = sized(200, 10_000)
    bad = {n for n in range(lines) if n % 33 == 7}
    wrong = ("nothing,话术", "script,", "script,话术\u0000", f"script,{'长' * 201}")
    rows = [
        f"c{n},{wrong[n % len(wrong)] if n in bad else f'script,话术{n}'},养老"
        for n in range(lines)
    ]  # fmt: skip
    file = sheet("code,type,title,tags\n" + "\n".join(rows) + "\n")

    dry = bring(bringing, file, dry_run=True)
    assert (dry.made, dry.edited, dry.refused) == (lines - dry.refused, 0, dry.refused)
    assert materials.page(first=1, count=True).total == 0

    runs = []

    def break_off(told):
        runs.append(told.run)
        if told.line > lines // 2:
            raise Broken

    with pytest.raises(Broken):
        bring(bringing, file, tell=break_off)
    done = bring(bringing, file, resume=runs[-1])
    total = materials.page(first=1, count=True).total
    assert done.run == runs[0]
    assert total == dry.made
    told = {line for line, _ in dry.flaws}
    assert told <= {n + 2 for n in bad}  # the heading is line 1
    assert len(told) == dry.refused >= lines * 0.02
    assert all(flaw.field for _, flaw in dry.flaws)

    assert bringing.undo(done.run, by="li") == total
    assert materials.page(first=1, count=True).total == 0
