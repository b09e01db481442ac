"""Bringing in (批量导入): materials out of a sheet, row by row, and taken back as a whole.

A row is known by its code: one that is there is edited, another made, so that a run may be begun
again at any line. A dry run says what would be refused and writes nothing. What a run did is kept
with it, and undone from there.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import func, select

from content_hub.bringing.records import ImportedRow, ImportRun
from content_hub.bringing.tags import note, untag, worn
from content_hub.materials import Material, Materials, New, Wish
from content_hub.reviews import Reviews
from content_hub.sheets import MATERIAL, Row, check_columns
from content_hub.tags import Taxonomy
from kernel.clock import Clock
from kernel.errors import Conflict, Flaw, Forbidden, Invalid, NotFound, Problem
from kernel.values import dataclass
from stores.records import Records

_SLICE = 20
"""Rows a transaction, so that nobody waits for the lock longer than 100 ms."""
_TEXTS = ("title", "summary", "body", "cover")
_SAID = tuple(name for name in MATERIAL if name != "tags")
_COLUMNS = {"code", "type", "tags", *_TEXTS}
MOST_FLAWS = 1_000
Told = TypeVar("Told")
_Read = tuple[dict[str, Any], list[str]]
"""The parts of a row, and the ids of its tags."""
_Good = tuple[Row, _Read]
_There = tuple[Row, Material, _Read]
"""A row whose material is there already."""


@dataclass(slots=True)
class Brought:
    """How a run went."""

    run: str
    made: int = 0
    edited: int = 0
    refused: int = 0
    line: int = 0
    flaws: list[tuple[int, Flaw]] = field(default_factory=list)
    """By line; the first thousand."""
    codes: dict[str, str] = field(default_factory=dict)
    """Those that a dry run would have made or edited, with their types."""


class Bringing:
    """Sheets of materials."""

    def __init__(
        self,
        records: Records,
        materials: Materials,
        taxonomy: Taxonomy,
        reviews: Reviews,
        clock: Clock,
    ) -> None:
        self._records = records
        self._materials = materials
        self._taxonomy = taxonomy
        self._reviews = reviews
        self._clock = clock

    def bring(
        self,
        told: Iterable[Row],
        *,
        source: str,
        by: str,
        unit: str = "",
        units: Collection[str] | None = None,
        dry_run: bool = False,
        resume: str = "",
        tell: Callable[[Brought], object] = lambda _: None,
    ) -> Brought:
        """Make and edit what the rows say; lines that are refused are told and left out.

        ``units`` are those whose materials may be edited; None is all. ``resume`` goes on with a
        run that broke off, behind its last line.
        """
        run = self._begin(source, by, resume, dry_run=dry_run)
        result = Brought(run.id)
        waiting = (row for row in told if row[0] > run.line)
        for rows in _slices(waiting):
            if dry_run:
                self._look(rows, result, units)
            else:
                self._slice(run.id, rows, result, by, unit, units)
            result.line = rows[-1][0]
            tell(result)
        return result

    def _begin(self, source: str, by: str, resume: str, *, dry_run: bool) -> ImportRun:
        if resume:
            if (found := self.run(resume)).undone is not None:
                raise Conflict("import_is_undone")
            return found
        run = ImportRun(source=source[:200], by=by, at=self._clock())
        if not dry_run:
            with self._records.write() as session:
                session.add(run)
        return run

    def _look(self, rows: list[Row], result: Brought, units: Collection[str] | None) -> None:
        """What these rows would do."""
        known = self._known(rows)

        def look(told: dict[str, Any]) -> None:
            self._read(told)
            code = str(told.get("code") or "")
            there = known.get(code)
            _check_unit(there, units)
            _check_type(code, there.type if there else result.codes.get(code), told)
            if there or code in result.codes:
                result.edited += 1
            else:
                result.made += 1
            if code:
                result.codes[code] = str(told.get("type"))

        for row in rows:
            self._try(row, result, partial(look, row[1]))

    def _known(self, rows: list[Row]) -> dict[str, Material]:
        codes = (str(told.get("code") or "") for _, told in rows)
        return self._materials.by_code([code for code in codes if code])

    def _slice(
        self, run: str, rows: list[Row], result: Brought, by: str, unit: str,
        units: Collection[str] | None,
    ) -> None:  # fmt: skip
        names = [f"code:{code}" for _, told in rows if (code := str(told.get("code") or ""))]
        known = self._known(rows)
        about = [f"material:{each.id}" for each in known.values()]
        read = [(row, self._try(row, result, partial(self._read, row[1]))) for row in rows]
        good = [(row, told) for row, told in read if told is not None]
        new = [each for each in good if str(each[0][1].get("code") or "") not in known]
        old = [
            (row, there, told) for row, told in good
            if (there := known.get(str(row[1].get("code") or ""))) is not None
        ]  # fmt: skip
        with self._records.write(f"import:{run}", *names, *about) as session:
            if not self._make(run, new, result, by, unit):
                for row, told in new:
                    self._try(
                        row, result, partial(self._make_one, run, row, told, result, by, unit)
                    )
            try:
                self._edit(run, old, result, by, units)
            except Problem:
                for each in old:
                    self._try(each[0], result, partial(self._edit, run, [each], result, by, units))
            kept = session.get_one(ImportRun, run)
            kept.line = rows[-1][0]

    @staticmethod
    def _try(row: Row, result: Brought, act: Callable[[], Told]) -> Told | None:
        """One line: all of it or nothing."""
        try:
            return act()
        except Problem as refused:
            result.refused += 1
            flaws = (
                refused.flaws
                if isinstance(refused, Invalid)
                else (Flaw("", refused.reason, refused.facts),)
            )
            room = max(0, MOST_FLAWS - len(result.flaws))
            result.flaws += [(row[0], flaw) for flaw in flaws][:room]
            return None

    def _make(self, run: str, rows: Sequence[_Good], result: Brought, by: str, unit: str) -> bool:
        """All of them at once; False if that is refused, and nothing is made."""
        news = [
            New(
                type=str(row[1].get("type")), code=str(row[1].get("code") or ""), tags=tags,
                unit=unit, **parts,
            )
            for row, (parts, tags) in rows
        ]  # fmt: skip
        if not news:
            return True
        try:
            with self._records.write() as session:
                made = self._materials.create_all(news, by=by)
                session.add_all(ImportedRow(run=run, material=each.id, number=0) for each in made)
        except Problem:
            return False
        result.made += len(made)
        return True

    def _make_one(
        self, run: str, row: Row, told: _Read, result: Brought, by: str, unit: str
    ) -> None:
        parts, tags = told
        with self._records.write() as session:
            made = self._materials.create(
                str(row[1].get("type")), parts.pop("title", ""), tags=tags, unit=unit, by=by,
                code=str(row[1].get("code") or ""), **parts,
            )  # fmt: skip
            session.add(ImportedRow(run=run, material=made.id, number=0))
        result.made += 1

    def _edit(
        self, run: str, rows: Sequence[_There], result: Brought, by: str,
        units: Collection[str] | None,
    ) -> None:  # fmt: skip
        """All of them at once, or none."""
        for row, there, _ in rows:
            _check_unit(there, units)
            _check_type(there.code, there.type, row[1])
        with self._records.write() as session:
            parts = {there.id: told[0] for _, there, told in rows}
            tags = {there.id: told[1] for _, there, told in rows}
            edited = self._materials.edit_all(parts, by=by)
            before = worn(session, tags)
            self._materials.tag_each({each: Wish(tags[each]) for each in tags}, by=by)
            numbers = {each.id: each.number for each in edited}
            note(session, run, numbers, tags, before)
        result.edited += len(rows)

    def _read(self, told: dict[str, Any]) -> _Read:
        """The parts as `Materials` takes them. Raises one `Invalid` with every flaw."""
        fields = {
            name.partition(".")[2]: value for name, value in told.items()
            if name.startswith("fields.")
        }  # fmt: skip
        known = _COLUMNS | {name for name in told if name.startswith("fields.")}
        check_columns(told, known)
        parts: dict[str, Any] = {name: told[name] for name in _TEXTS if name in told}
        if fields:
            parts["fields"] = fields
        self._materials.check(str(told.get("type") or ""), parts, code=str(told.get("code") or ""))
        return parts, self._tags(told.get("tags") or "")

    def _tags(self, told: Any) -> list[str]:
        words = told if isinstance(told, list) else str(told).replace("；", ";").split(";")
        tags = []
        for word in filter(None, (str(each).strip() for each in words)):
            found = self._taxonomy.now().find(word) or self._taxonomy.called(word)
            if found is None:
                raise Invalid("tags", "unknown_tag", tag=word[:60])
            tags.append(found.id)
        return tags

    def told(self, sight: Collection[str] | None = None) -> Iterator[Mapping[str, Any]]:
        """The library as a sheet that can be brought in again, two hundred at a time."""
        for some in self._materials.walk(sight):
            worn, tree = self._materials.topics([each.id for each in some]), self._taxonomy.now()
            for each in some:
                told = {name: getattr(each, name) for name in _SAID}
                told["tags"] = ";".join([tag.code for tag in tree.tags(worn[each.id])])
                yield told

    def run(self, id_: str) -> ImportRun:
        with self._records.read() as session:
            found = session.get(ImportRun, id_)
        if found is None:
            raise NotFound("import", id_[:80])
        return found

    def runs(self, limit: int = 20) -> list[ImportRun]:
        """The latest first."""
        with self._records.read() as session:
            wanted = select(ImportRun).order_by(ImportRun.id.desc()).limit(limit)
            return list(session.scalars(wanted))

    def size(self, run: str) -> int:
        """How many materials a run made or edited."""
        with self._records.read() as session:
            counted = select(func.count()).select_from(ImportedRow)
            return session.scalar(counted.where(ImportedRow.run == run)) or 0

    def undo(self, run: str, *, by: str, tell: Callable[[int], object] = lambda _: None) -> int:
        """Take back what a run did: what it made is archived, what it edited says what it said.

        A material that somebody edited since says what it says, and what its shelf needs stays as
        it is. Tags that the run put on go, unless another sheet names them too, or somebody took
        them off and put them on again. Says how many were taken back; ``tell`` is told so on the
        way.
        """
        if self.run(run).undone is not None:
            raise Conflict("import_is_undone")
        done, after = 0, ""
        while rows := self._rows(run, after):
            done += self._take_back(rows, by)
            after = rows[-1].material
            tell(done)
        with self._records.write(f"import:{run}") as session:
            session.get_one(ImportRun, run).undone = self._clock()
        return done

    def _rows(self, run: str, after: str) -> list[ImportedRow]:
        """Some at a time: a run may have done a hundred thousand."""
        wanted = select(ImportedRow).where(ImportedRow.run == run, ImportedRow.material > after)
        with self._records.read() as session:
            return list(session.scalars(wanted.order_by(ImportedRow.material).limit(_SLICE)))

    def _take_back(self, rows: Sequence[ImportedRow], by: str) -> int:
        """All of them at once; if one is refused, each by itself, and how many were not."""
        try:
            return self._undo(rows, by)
        except Problem:
            return sum(self._take_back([row], by) for row in rows) if len(rows) > 1 else 0

    def _undo(self, rows: Sequence[ImportedRow], by: str) -> int:
        ids = [row.material for row in rows]
        names = [f"{kind}:{each}" for each in ids for kind in ("material", "placement")]
        with self._records.write(*names):
            now = self._materials.many(ids)
            left = [row for row in rows if row.untouched(now[row.material].number)]
            self._reviews.archive(*(row.material for row in left if not row.number), by=by)
            edited = {row.material: row.number for row in left if row.number}
            self._materials.restore_all(edited, by=by)
            untag(self._records, self._materials, self._taxonomy.now(), rows, by)
        return len(left)


def _check_type(code: str, type_: str | None, told: Mapping[str, Any]) -> None:
    if type_ is not None and str(told.get("type")) != type_:
        raise Invalid("type", "material_keeps_its_type", code=code, type=type_)


def _check_unit(there: Material | None, units: Collection[str] | None) -> None:
    if there is not None and units is not None and there.unit not in units:
        raise Forbidden("content_of_another_unit", unit=there.unit)


def _slices(told: Iterator[Row]) -> Iterator[list[Row]]:
    """A few rows at a time, none of which names the same material as another."""
    rows: list[Row] = []
    codes: set[str] = set()
    for row in told:
        code = str(row[1].get("code") or "")
        if len(rows) == _SLICE or code in codes:
            yield rows
            rows, codes = [], set()
        rows.append(row)
        codes |= {code} - {""}
    if rows:
        yield rows
