"""Everybody of the small company is walked over once a day."""

from engagement.day_round import DayRound


def day_round(company, **more):
    """As a company with these features has it."""
    return DayRound(
        records=company.records, people=company.people, reminders=company.reminders,
        profiles=company.profiles, identities=company.identities, customers=company.customers,
        clock=company.clock, zone=company.zone, **more,
    )  # fmt: skip


def dots(company, rep):
    """All that she was ever reminded of."""
    return company.reminders.page(rep.staff, open_only=False).items


def dots_of(company, rep, kind):
    return [dot for dot in dots(company, rep) if dot.kind == kind]


def watch(company):
    """Everything there is to do."""
    while company.triggers.follow() + company.day_round.run():
        pass
