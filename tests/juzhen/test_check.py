"""`juzhen check` finds what is planted: an invariant that cannot be broken guards nothing."""

import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from juzhen.check import flaws, invariants
from juzhen.settings import begin, load
from juzhen.wiring import assemble
from kernel.actors import Role
from kernel.clock import utc_now
from kernel.events import Event, Handle
from kernel.secret import Secret
from tests.blank import migrate

OTHERS = {"packages": "tests/juzhen/test_origin.py", "wording": "tests/kernel/test_wording.py"}
"""Invariants of the installation, which their own tests break."""

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8"
    "cfc00000030101009e0a2fbf0000000049454e44ae426082"
)


def at_home(home, clock=utc_now):
    return assemble(load({"JUZHEN_HOME": str(home)}), clock=clock)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A small company in which everything that is checked is there once."""
    home = tmp_path_factory.mktemp("company")
    begin(home, stores_durability="process", company_modules="mass_send")
    migrate(load({"JUZHEN_HOME": str(home)}))
    company = at_home(home)
    company.taxonomy.ship(by="t")
    official = company.accounts.add(
        code="oa", name="Official", kind="wechat_oa", ecosystem="wechat", by="t",
        settings={"app_id": "wx12"}, secrets={"app_secret": "s", "token": "t"},
    )  # fmt: skip
    picture = company.media.take(PIXEL, by="t")
    material = company.materials.create(
        "image_text", "养老图文", body="正文", cover=picture.id, by="t", tags=["stage.connect"]
    )
    now = utc_now()
    month = {"opens": now, "closes": now + timedelta(days=30)}
    spring = company.campaigns.create("春季", by="t", **month)
    company.shelf.place(material.id, official.id, campaign=spring.id, by="t", **month)
    company.products.add(
        "PEN", "养老年金", benefit="体检", sold_until=now + timedelta(days=90), by="t"
    )
    rep = company.staff.add("rep", "李静", role=Role.REP, by="t")
    company.access.enrol(rep.id, "li", Secret("correct horse battery"), by="t")
    company.deliveries.queue(
        account=official.id, occasion="once", by="t", purpose="service",
        target=Handle("openid", official.id, "o1"),
    )  # fmt: skip
    company.broadcasts.create(
        "春季问候", official.id, everybody="所有人都要知道", words="您好", by="t",
        opens=now + timedelta(days=9),
    )  # fmt: skip
    handle = Handle("user", "app", "u1")
    company.reminders.remind(rep.id, "birthday", str(handle), "2026")
    told = Event(
        id="e1", kind="identified", at=now, account="app", handle=handle, received=now,
        links=(Handle("phone", "", "13800138000"),), material=material.id,
    )  # fmt: skip
    read = Event(
        id="e2", kind="read_material", at=now, account=official.id, handle=handle, received=now,
        material=material.id,
    )  # fmt: skip
    made_up = Event(
        id="e3", kind="read_material", at=now, account="app", handle=handle, received=now,
        material="mat_of_nobody", rep="stf_of_nobody",
    )  # fmt: skip
    company.intake.take([told, read, made_up])
    company.own_acts.copy()
    company.segments.create("读过", rule="did read_material on oa in 120d", by="t")
    while (
        company.fold.run() or company.digest.run() or company.counters.fold()
        or company.effects.follow()
    ):  # fmt: skip
        pass
    while company.finding.follow() or company.audit.seal() or company.acquaintances.follow():
        pass
    company.close()
    return home


@pytest.fixture
def home(built, tmp_path):
    """A copy of it, to be spoiled."""
    return shutil.copytree(built, tmp_path / "company")


def spoil(home, store, *statements):
    with closing(sqlite3.connect(home / f"{store}.db")) as file, file:
        for statement in statements:
            assert file.execute(statement).rowcount, statement


TAKEN = (
    'insert into reward_entries (id, inviter, referral, "order", entry, cents, at, by)'
    " values ('rwd_1', 'u', 'ref_1', 'o', 'taken_back', -500, '2026-01-01', 't')"
)
RULING = (
    "insert into identity_rulings (id, decision, act, one, other, says, why, by, at, lifted_by,"
    " lifted_for) values ('{0}', 'd', 'merged', 'a', 'b', '{0}', '', 't', '2026-01-01', '', '')"
)
PLACE = (
    "insert into touches (key, handle, day, at, account, channel, kind, weight, promo, material,"
    " campaign, priority, held, forced, rep) values ('dlv_gone', 'u', 1, '2026-01-01', '', 'app',"
    " 'marketing', 1, false, '', '', 1, true, false, '')"
)
PLANTED = {
    "migrations": ("records", "update records_version set version_num = '0000'"),
    "audit chain": ("records", "update changes set by = 'somebody else'"),
    "journal": ("history", "update marks set value = value + 9 where name = 'watermark'"),
    "history": ("history", "delete from events where id = 'e1'"),
    "identities": ("people", "update known_handles set customer = own"),
    "profiles": ("people", "update profiles set customer = 'cus_nobody'"),
    "fold": (
        "people",
        """update profiles set body = cast(replace(cast(body as text), '"events":', '"events":1')
        as blob)""",
    ),
    "digest": ("people", "update folded_watermarks set mark = '999' where follower = 'digest'"),
    "memberships": ("people", "delete from segment_members"),
    "standings": ("people", "delete from standings"),
    "rulings": ("records", *(RULING.format(says) for says in ("same", "apart"))),
    "referrals": ("records", TAKEN),
    "staff": ("records", "update staff set unit = 'unt_nowhere'"),
    "counters": ("people", "update material_counts set readers = -1"),
    "nights": (
        "people",
        "insert into nights values (1, '2026-01-01', 1, 9, 9, 9, 0, 1, true, '{}')",
    ),
    "effects": (
        "people",
        "insert into rule_reach values ('rul_1', 'user::nobody', '2026-01-01', true, false, false)",
    ),
    "tags": ("records", "update tags set parent = 'tag_gone' where code = 'stage.connect'"),
    "versions": ("records", "delete from material_versions"),
    "campaigns": ("records", "update campaigns set closes = opens"),
    "references": ("records", "update deliveries set account = 'acc_gone'"),
    "broadcasts": ("records", "update broadcasts set planned = -1"),
    "terms": ("records", "update terms set closes = 9 where subject = 'product:PEN'"),
    "places": ("records", PLACE),
    "access": ("records", "update logins set staff = 'stf_gone'"),
    "followers": ("records", "update watermarks set mark = '999' where follower = 'acquaintances'"),
    "shelf": ("records", "delete from shelf_rows where tag = ''"),
    "search": ("search", "delete from texts"),
    "files": ("records", "update media_renditions set key = 'sha256-' || hex(zeroblob(32))"),
    "reminders": ("records", "update reminders set done = '2020-01-01 00:00:00'"),
}


ALSO = {
    "staff": {"references"}, "access": {"references"}, "identities": {"memberships"}
}  # fmt: skip
"""These say more of what is named and not there, which is found as a reference, too; and who is
somebody else did something else."""


def found(home, clock=utc_now):
    company = at_home(home, clock)
    try:
        return {where for where, _ in flaws(company)}
    finally:
        company.close()


def test_a_sound_company_has_no_flaw(home):
    assert found(home) == set()


@pytest.mark.parametrize("invariant", PLANTED)
def test_what_is_planted_is_found_and_nothing_else(home, invariant):
    spoil(home, *PLANTED[invariant])

    assert found(home) == {invariant} | ALSO.get(invariant, set())


def test_what_no_worker_published_is_found_after_a_quarter_of_an_hour(home):
    assert found(home, lambda: utc_now() + timedelta(minutes=16)) == {"deliveries"}


def test_bytes_that_changed_on_the_disk_are_found(home):
    kept = next(path for path in (home / "files").rglob("sha256-*") if path.is_file())
    kept.chmod(0o600)
    kept.write_bytes(b"something else")

    assert found(home) == {"files"}


def test_erasing_the_newest_event_is_no_flaw(home):
    company = at_home(home)
    acts = company.history.after(0, 1_000)
    company.history.forget({event.handle for _, event in acts if event.handle})
    newest = company.history.after(0, 1_000)
    company.close()

    assert len(newest) < len(acts)
    assert "digest" not in found(home)


def test_every_invariant_has_its_planted_flaw(home):
    company = at_home(home)
    named = set(invariants(company))
    company.close()

    assert named == PLANTED.keys() | OTHERS.keys() | {"deliveries"}
