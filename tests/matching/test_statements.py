"""A recommendation costs a handful of statements, however much she has read or is on offer."""

from contextlib import contextmanager

from sqlalchemy import event

from matching.candidates import Candidates

READING, KEEPING = 20, 4
"""How many statements a question takes, and how many more the keeping of its offer."""


@contextmanager
def statements(company):
    """What is asked of both stores meanwhile."""
    seen = []

    def note(connection, cursor, statement, *rest):
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            seen.append(statement)

    stores = (company.records, company.people)
    for each in stores:
        event.listen(each.engine, "before_cursor_execute", note)
        if each.looks:
            each.looks.heard = seen.append
    yield seen
    for each in stores:
        event.remove(each.engine, "before_cursor_execute", note)
        if each.looks:
            each.looks.heard = None


def test_a_list_costs_few_statements_and_no_more_for_a_long_history(company):
    made = company.library(each=8)
    rep = company.hire("li", "老阿姨")
    new, known = company.meet("13800138001", rep), company.meet("13800138002", rep)
    company.tell(
        *(company.event("read_material", known, each) for topic in ("健康", "理财", "养老社区")
          for each in made[topic])
    )  # fmt: skip
    company.counters.fold()
    counts = []
    for handle in (new, known):
        her = company.id_of(handle)
        company.recommender.answer(her, rep)  # what is remembered between questions
        with statements(company) as seen:
            company.recommender.answer(her, rep)
        assert len(seen) <= READING, seen
        counts.append(len(seen))
        with statements(company) as more:
            company.recommender.for_contact(her, rep)
        assert len(more) <= len(seen) + KEEPING, more
    assert abs(counts[0] - counts[1]) <= 2  # titles of what is near, the rep's other customers


def test_the_first_list_of_a_process_reads_nothing_of_what_was_changed_before(company):
    """Only where the changes end, however many there were."""
    company.library(each=8)
    anew = Candidates(
        company.records, company.changes, company.counters, company.clock, company.nightly
    )
    with statements(company) as seen:
        assert len(anew.slice()) > 0
    (asked,) = [each for each in seen if "FROM changes" in each]
    assert "LIMIT 1" in asked
    anew.close()
