"""What is written of customers: by the digest, by reps and by who decides about them."""

from writing.work import EVENTS, PEOPLE

from data_hub.taking_back import TakingBack
from kernel.actors import Role
from kernel.clock import utc_now
from kernel.events import Event, Handle
from kernel.secret import Secret
from matching.rules import Wanted

LISTED = 5_000


def acts(work):
    """By name, in the order in which they are done."""
    yield f"a batch of {EVENTS} events", work.behave
    yield from _fold(work)
    yield from _decided(work)
    yield from _lists(work)
    yield from _nightly(work)
    yield from _reps(work)
    yield from _rules(work)
    yield "erase her", lambda: _erased(work)


def _fold(work):
    c = work.c
    yield "rebuild the profiles", c.digest.rebuild
    yield "rebuild the counters", c.counters.rebuild
    yield "make the history anew", c.history.remake
    yield "identities alone", lambda: c.identities.note(work.told(200))
    yield "findings", lambda: c.findings.keep([])
    yield "those who act now, first", lambda: c.digest.ahead([work.handle()])
    yield "let go", lambda: c.history.let_go("read_material", utc_now().date(), 200)
    yield (
        "take back",
        lambda: TakingBack(c.history, c.people, c.digest).take(dict(c.history.after(0, 300))),
    )
    yield "settle refusals", lambda: c.history.settle([1])
    yield "act, sealed", lambda: c.audit.seal(500)


def _decided(work):
    c = work.c

    decisions = c.identities.decisions

    def two():
        one = work.known()
        return one, next(each for each in work.seen if each != one)

    def decided():
        decisions.undo(decisions.merge(*two(), by="t"), by="t")
        work.worker()

    def parted_again():
        one, other = two()
        decisions.unite([one], [other], by="t")
        decisions.split([one, other], [other], by="t")
        work.worker()

    yield "rule and undo it", decided
    yield "make one of two and two of one", parted_again
    yield (
        "choose a board",
        lambda: c.boards.choose(Role.ANALYST, ["orders", "views"], by="t"),
    )
    yield "consent", lambda: c.consents.allow([work.handle()], "marketing", source="t", by="t")
    yield "opt out", lambda: c.preferences.opt_out([work.handle()], "marketing", source="t")
    yield "entrust", lambda: c.customers.entrust(work.handle(), work.rep.id, by="t")
    yield (
        "take over 200 customers",
        lambda: c.customers.take_over({work.rep.id: [work.handle(n) for n in range(200)]}, by="t"),
    )
    yield "pass them on", lambda: c.customers.pass_on(work.rep.id, work.rep.id, by="t")
    yield "grade", lambda: _graded(work)
    yield "bring a customer, who buys, and be paid", lambda: _brought(work)


def _brought(work):
    c, hers = work.c, [work.handle()]
    code = c.referrals.issue(hers, by="t").code
    friend = Handle("user", work.app, f"friend{work.n}")
    order = {"amount": 900, "order_id": f"A-{work.n}"}
    for kind, detail in (("signed_up", {"referral": code}), ("bought", order)):
        c.intake.take([
            Event(id=f"r{work.n}", kind=kind, at=utc_now(), account=work.app, handle=friend,
                  received=utc_now(), detail=detail)
        ])  # fmt: skip
        work.worker()
    c.referrals.pay(hers, 500, by="t")


def _graded(work):
    work.c.standings.grades.rule(work.handle(), "A", note="好客户", by="t")
    work.worker()


def _lists(work):
    c = work.c
    hers = [Handle("user", work.app, f"u{n % PEOPLE}") for n in range(LISTED)]
    more = [*hers, *(Handle("user", work.app, f"x{n}") for n in range(LISTED - PEOPLE))]

    def listed():
        made = c.segments.create(f"名单{work.n}", by="t")
        c.segments.put(made.id, more, by="t")
        work.worker()
        c.segments.take(made.id, more, by="t")
        work.worker()

    def ruled():
        made = c.segments.create(f"人群{work.n}", rule="did read_material >= 1 in 30d", by="t")
        work.worker()
        c.segments.edit(made.id, name=f"改名{work.n}", by="t")
        work.worker()
        c.segments.retire(made.id, by="t")
        work.worker()

    yield f"list {LISTED} people, and take them off", listed
    yield "a segment of everybody, until nobody is in it", ruled


def _nightly(work):
    c = work.c
    yield "fit the prediction", c.predictions.fit_now
    yield "choose the VIPs", c.vips.choose
    yield "the night", c.nightly.run
    yield "retention", c.retention.run


def _reps(work):
    c = work.c
    actor = c.staff.actor(work.rep.id)
    hers = c.customers.seen_by(actor)

    def customer():
        handle = work.known()
        c.customers.entrust(handle, work.rep.id, by="t")
        work.worker()
        return hers.one(c.identities.customer_of(handle))

    def reminded():
        for done in ("open", "finish"):
            kept = c.reminders.remind(work.rep.id, "birthday", str(work.handle()), f"{work.n}")
            c.reminders.tell_more(kept.id, {"why": "x"})
            c.reminders.put_off(kept.id, work.rep.id, utc_now())
            getattr(c.reminders, done)(kept.id, work.rep.id)

    topic = work.c.taxonomy.one("town").id
    yield "recommend", lambda: c.recommender.for_contact(customer().id, actor)
    yield (
        "what does not fit",
        lambda: c.feedback.refuse(
            customer(), work.materials[9], "not_interested", rep=work.rep.id, by="t"
        ),
    )
    yield "remind", reminded
    yield "add a unit", lambda: c.staff.add_unit(f"b{work.n}", "分公司", by="t")
    yield "hire", lambda: c.staff.add(f"rep{work.n}", "王芳", role=Role.REP, by="t")
    yield "present", lambda: c.staff.present(work.rep.id, licence_number=f"N{work.n:08}", by="t")
    yield "describe", lambda: c.staff.describe(work.rep.id, add=["stage.connect"], by="t")
    yield (
        "abilities",
        lambda: (
            c.abilities.refuse(work.rep.id, topic, by="t"),
            c.abilities.accept(work.rep.id, topic, by="t"),
        ),
    )


def _rules(work):
    c = work.c
    wanted = Wanted(name="规则", act="boost", tag="town", number=1.5, owner="t")
    yield "a rule of the list", lambda: c.rules.end(c.rules.add(wanted, by="t").id, by="t")
    yield (
        "an affinity",
        lambda: c.affinities.remove(c.affinities.add(["退休"], "town", by="t").id, by="t"),
    )

    def token():
        c.access.issue(Role.EDITOR, f"t{work.n}", by="t")
        c.access.revoke(c.access.tokens()[0].id, by="t")

    yield "a token", token

    def signed_in():
        c.access.enrol(work.rep.id, "li", Secret("correct horse battery"), by="t")
        key = c.access.sign_in("li", Secret("correct horse battery"))
        c.access.of_session(key)
        c.access.sign_out(key)

    yield "sign in", signed_in
    yield "a persisted query", lambda: c.persisted.keep(f"{work.n:064x}", "{ me { id } }")
    yield "sweep the repeats", c.repeats.sweep


def _erased(work):
    c = work.c
    known = next(each for each in work.seen if c.identities.find(str(each)))
    c.privacy.erase(c.identities.customer_of(known), by="t")
