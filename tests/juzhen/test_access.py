"""Who asks, by which credential, and for how long."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from data_hub.staff import StaffBook
from juzhen.access import Access, Login, SignIn, Token
from kernel.actors import VIPS, Role, may
from kernel.errors import Conflict, Invalid, Overloaded, SignedOff
from kernel.secret import Secret
from stores.claims import Quotas

PASSWORD = Secret("correct horse")


@pytest.fixture
def staff(records, changes):
    return StaffBook(records, changes)


@pytest.fixture
def access(records, changes, staff, clock):
    return Access(
        records, changes, staff, Quotas(records), clock, key=Secret("ab" * 32), failures=3
    )


@pytest.fixture
def li(staff, access):
    north = staff.add_unit("north", "华北分公司", by="t")
    team = staff.add_unit("team", "一部", by="t", parent=north.id)
    person = staff.add("li", "李静", by="t", unit=team.id, role=Role.REP)
    access.enrol(person.id, "lijing", PASSWORD, by="t")
    return person


def test_a_token_speaks_for_its_role_and_account(access):
    token = access.issue(Role.CHANNEL_APP, "app", by="t", account="acc_1").reveal()

    actor = access.of_token(token)

    assert token.startswith("jz_live_")
    assert (actor.role, actor.account) == (Role.CHANNEL_APP, "acc_1")
    assert not may(actor, "edit_materials")


def test_the_token_itself_is_kept_nowhere(access, records):
    token = access.issue(Role.SERVICE, "s", by="t").reveal()

    with records.read() as session:
        row = session.scalars(select(Token)).one()
    assert token not in (row.hash, row.name, row.id)


def test_a_revoked_token_is_no_good_from_the_next_request_on(access):
    token = access.issue(Role.SERVICE, "s", by="t").reveal()
    access.of_token(token)

    access.revoke(access.tokens()[0].id, by="t")

    with pytest.raises(SignedOff):
        access.of_token(token)


def test_a_token_ends_by_itself(access, clock):
    token = access.issue(Role.SERVICE, "s", by="t", days=1).reveal()
    access.of_token(token)

    clock.move(timedelta(days=1))

    with pytest.raises(SignedOff):
        access.of_token(token)


@pytest.mark.parametrize(
    "token", ["", "jz_live_", "jz_live_guess", "wk_123", "jz_cust_e30.e30", "jz_cust_", "x" * 5000]
)
def test_what_is_not_a_token_of_ours_signs_nobody_in(access, token):
    with pytest.raises(SignedOff):
        access.of_token(token)


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.CHANNEL_APP, Role.REP])
def test_a_token_without_what_it_speaks_for_is_not_made(access, role):
    with pytest.raises(Invalid):
        access.issue(role, "t", by="t")


def test_a_person_sees_the_content_above_her_and_the_people_below(access, staff, li):
    actor = access.of_session(access.sign_in("lijing", PASSWORD)).actor
    leads = access.issue(Role.TEAM_LEAD, "lead", by="t", staff=li.id).reveal()

    assert actor.staff == li.id
    assert actor.units == {"", li.unit, staff.unit("north").id}
    assert actor.reach == frozenset()  # a rep manages nobody
    assert access.of_token(leads).reach == {li.unit}


def test_whoever_signs_in_is_who_her_recommendations_are_made_for(access, staff, li):
    her = staff.add("wang", "王敏", by="t", role=Role.REP)  # at headquarters
    access.enrol(her.id, "wang", PASSWORD, by="t")

    signed = access.of_session(access.sign_in("wang", PASSWORD)).actor

    assert signed == staff.actor(her.id)
    assert signed.seen_units == {""}


@pytest.mark.parametrize(("name", "password"), [("lijing", "wrong horse"), ("nobody", "x")])
def test_a_wrong_name_is_told_like_a_wrong_password(access, li, name, password):
    with pytest.raises(SignedOff) as refusal:
        access.sign_in(name, Secret(password))

    assert refusal.value.reason == "wrong_name_or_password"


def test_a_name_may_fail_only_so_often(access, li, clock):
    for _ in range(3):
        with pytest.raises(SignedOff):
            access.sign_in("lijing", Secret("guess"))
    with pytest.raises(Overloaded):
        access.sign_in("lijing", PASSWORD)

    clock.move(timedelta(minutes=15))
    assert access.sign_in("lijing", PASSWORD)


def test_guesses_made_at_once_are_no_more_than_one_after_the_other(access, li):
    def guess(number):
        try:
            access.sign_in("lijing", Secret(f"guess {number}"))
        except (SignedOff, Overloaded) as refusal:
            return refusal.reason

    with ThreadPoolExecutor(12) as many:
        told = Counter(many.map(guess, range(12)))
    assert told == {"wrong_name_or_password": 3, "too_many_failed_logins": 9}


def test_who_signs_in_rightly_again_and_again_uses_no_guess_up(access, li):
    for _ in range(7):
        assert access.sign_in("lijing", PASSWORD)


def test_every_login_gets_a_fresh_key_of_which_only_the_hash_is_kept(access, li, records):
    one, two = access.sign_in("lijing", PASSWORD), access.sign_in("lijing", PASSWORD)

    with records.read() as session:
        kept = {row.hash for row in session.scalars(select(SignIn))}
    assert one != two
    assert not {one, two} & kept


@pytest.mark.parametrize("idle", [timedelta(hours=8, seconds=1), timedelta(days=8)])
def test_a_session_ends_when_nobody_is_there(access, li, clock, idle):
    key = access.sign_in("lijing", PASSWORD)

    clock.move(idle)

    with pytest.raises(SignedOff):
        access.of_session(key)


def test_a_session_that_is_used_stays_but_not_for_ever(access, li, clock):
    key = access.sign_in("lijing", PASSWORD)
    for _ in range(23):
        clock.move(timedelta(hours=7))
        access.of_session(key)
    clock.move(timedelta(hours=7, seconds=1))

    with pytest.raises(SignedOff):
        access.of_session(key)


def test_signing_out_ends_one_session_or_all(access, li):
    one, two, three = (access.sign_in("lijing", PASSWORD) for _ in range(3))

    access.sign_out(one)
    assert access.of_session(two)
    access.sign_out(two, everywhere=True)

    for key in (one, two, three):
        with pytest.raises(SignedOff):
            access.of_session(key)


def test_a_new_password_ends_her_sessions(access, li):
    key = access.sign_in("lijing", PASSWORD)

    access.enrol(li.id, "lijing", Secret("better horse"), by="t")

    with pytest.raises(SignedOff):
        access.of_session(key)


def test_a_login_name_belongs_to_one_person(access, staff, li):
    other = staff.add("wang", "王芳", by="t")

    with pytest.raises(Conflict):
        access.enrol(other.id, "lijing", PASSWORD, by="t")


def test_the_password_is_kept_as_argon2id(access, li, records):
    with records.read() as session:
        kept = session.get(Login, "lijing")
    assert kept.password.startswith("$argon2id$")


def test_a_customers_token_answers_for_her_alone_and_for_half_an_hour(access, clock):
    app = access.of_token(access.issue(Role.CHANNEL_APP, "a", by="t", account="acc_1").reveal())
    token, until = access.exchange(app, "u-7")

    actor = access.of_token(token.reveal())

    assert actor.customer == "user:acc_1:u-7"
    assert (actor.role, actor.account) == (Role.CUSTOMER, "acc_1")
    assert until - clock() == timedelta(minutes=30)
    clock.move(timedelta(minutes=30))
    with pytest.raises(SignedOff):
        access.of_token(token.reveal())


@pytest.mark.rule("R157.2")
def test_only_a_vips_token_sees_what_opens_for_vips(access):
    app = access.of_token(access.issue(Role.CHANNEL_APP, "a", by="t", account="acc_1").reveal())
    seen = [access.of_token(access.exchange(app, "u-7", early=early)[0].reveal()).units
            for early in (True, False)]  # fmt: skip
    assert seen == [{"", VIPS}, {""}]


def test_a_customers_token_cannot_be_rewritten(access):
    app = access.of_token(access.issue(Role.CHANNEL_APP, "a", by="t", account="acc_1").reveal())
    mine = access.exchange(app, "u-7")[0].reveal()
    other = access.exchange(app, "u-8")[0].reveal()
    forged = other.partition(".")[0] + "." + mine.partition(".")[2]

    with pytest.raises(SignedOff):
        access.of_token(forged)
