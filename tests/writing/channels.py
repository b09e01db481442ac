"""What is written on the way out to customers and of what comes back."""

from writing.work import PEOPLE

from channels.base import Message
from channels.deliveries.record import Delivery, State
from channels.touch_policy.touch import Touch
from kernel.clock import utc_now
from kernel.events import Handle


def acts(work):
    """By name, in the order in which they are done."""
    yield from _accounts(work)
    yield from _sent(work)
    yield from _broadcasts(work)
    yield from _platform(work)


def _accounts(work):
    c = work.c

    def account():
        made = c.accounts.add(
            code=f"acc{work.n}", name="号", kind="app", ecosystem="own_app", by="t"
        ).id
        c.accounts.edit(made, name="新号", by="t")
        c.accounts.pause(made, "token_refused", by="t")
        c.accounts.resume(made, by="t")
        c.health.heard(made)

    yield "an account", account
    yield "link a member", lambda: c.reps.link(work.app, f"m{work.n}", work.rep.id, by="t")
    yield "admit and fail", lambda: _breaker(work)


def _breaker(work):
    from channels.outbound import Breakers, RateGate

    breakers = Breakers(work.c.records, work.c.clock)
    breakers.admit(work.accounts[1])
    breakers.failed(work.accounts[1])
    breakers.answered(work.accounts[1])
    RateGate(work.c.records, work.c.clock).enter(f"gate{work.n}", 600)


def _sent(work):
    c = work.c

    def send(how_many):
        for _ in range(how_many):
            c.publishing.send(
                work.handle(), work.app, occasion=f"o{work.n}", purpose="service", by="t",
                words="您好", at=utc_now(),
            )  # fmt: skip

    def sent():
        send(30)
        while c.publishing.gate():
            pass
        c.publishing.carry()

    def stuck():
        """A hundred that were parked are sent again, and let go."""
        send(120)
        for one in c.deliveries.page(Delivery.state == State.DUE, first=100).items:
            with c.records.write() as session:
                kept = session.get(Delivery, one.id)
                kept.state = State.PARKED
        c.deliveries.retry_many(by="t")
        c.deliveries.drop_many(by="t")

    yield "the policy is tuned", lambda: c.touch_policy.tune({"hold_days": 7}, by="t")
    yield "send thirty", sent
    yield "a hundred parked", stuck
    yield "queue what is due", c.publishing.plan
    yield "what overstayed", c.publishing.withdraw_due
    yield "what a worker lost", c.publishing.rescue
    yield "after a restore", lambda: c.deliveries.doubt_all(by="t")
    yield (
        "places",
        lambda: c.touch_policy.reserve(
            [
                Touch(key=f"k{work.n}", handle=str(work.handle()), account=work.app, channel="app")
                for _ in range(100)
            ],
            by="t",
        ),
    )
    yield (
        "hold a mood and lift it",
        lambda: (
            c.moods.hold("user:a:u1", "upset", days=7, by="t"),
            c.moods.lift(["user:a:u1"], by="t"),
        ),
    )
    message = Message(handle=Handle("user", work.app, "u1"), title="标题", text="正文")
    yield (
        "the inbox",
        lambda: (
            c.inbox.put(message, account=work.app, key="k1"),
            c.inbox.note_read("k1", [message.handle]),
            c.inbox.take_out("k1"),
        ),
    )


def _broadcasts(work):
    c = work.c

    def planned():
        while c.planning.run():
            pass

    def said():
        made = c.broadcasts.create(
            "群发", work.app, everybody="人人", words="您好", per_minute=600, by="t"
        ).id
        planned()
        c.broadcasts.pause(made, by="t")
        c.broadcasts.resume(made, by="t")
        planned()
        while c.publishing.gate():
            pass
        c.broadcasts.cancel(made, by="t")
        planned()

    def retired():
        """Everybody waits for a material that is taken off every shelf."""
        one = work.materials[700 + work.n % 100]
        c.broadcasts.create("群发", work.app, everybody="人人", material=one, by="t")
        planned()
        c.publishing.retire(one, by="t")

    yield f"say it to {PEOPLE} people", said
    yield "retire what everybody waits for", retired


def _platform(work):
    c = work.c
    yield "expire", c.deliveries.expire
    yield (
        "leases",
        lambda: (
            c.leases.hold_all(["a", "b"], "me", 5),
            c.leases.release(c.leases.hold("a", "me", 5)),
        ),
    )
    yield "catch up", c.catching_up.run
    yield "greet", c.welcoming.greet_due
    yield "live codes", c.live_codes.finish
