"""Access (登录与令牌): who asks, by which credential, and for how long. Grants no verb itself.

Machines carry a token (``jz_live_…``, only its hash is stored), people a session behind a password
(argon2id), and a customer's own front end a 30-minute token that answers for her alone. What a role
may do is `kernel.actors`.
"""

import base64
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta

import orjson
from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, mapped_column

from data_hub.staff import Staff, StaffBook
from kernel.actors import VIPS, Actor, Role
from kernel.clock import Clock
from kernel.errors import Conflict, Invalid, NotFound, Overloaded, SignedOff
from kernel.events import Handle
from kernel.ids import new_id
from kernel.secret import Secret
from kernel.values import dataclass
from stores.changes import Changes
from stores.claims import Quotas
from stores.records import Record, Records

IDLE = timedelta(hours=8)
LONGEST = timedelta(days=7)
EXCHANGED = timedelta(minutes=30)
QUARTER = 900
"""Failed logins are counted for this many seconds."""
_ALONE = {Role.CHANNEL_APP, Role.COLLECTOR}
"""Machines that manage nobody's content and see nobody's customers."""


class Token(Record, kw_only=True):
    """A machine's credential. The token itself is shown once and never kept."""

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("tok"))
    hash: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    account: Mapped[str] = mapped_column(default="")
    staff: Mapped[str] = mapped_column(default="")
    made: Mapped[datetime]
    made_by: Mapped[str]
    expires: Mapped[datetime]
    revoked: Mapped[datetime | None] = mapped_column(default=None)


class Login(Record, kw_only=True):
    """The name and password of a member of staff."""

    __tablename__ = "logins"

    name: Mapped[str] = mapped_column(primary_key=True)
    staff: Mapped[str] = mapped_column(index=True)
    password: Mapped[str]


class SignIn(Record, kw_only=True):
    """One signed-in browser. The cookie holds the key, we its hash."""

    __tablename__ = "sign_ins"

    hash: Mapped[str] = mapped_column(primary_key=True)
    staff: Mapped[str] = mapped_column(index=True)
    begun: Mapped[datetime]
    seen: Mapped[datetime]
    csrf: Mapped[str]


@dataclass(frozen=True, slots=True)
class Signed:
    """An actor, and what her forms must carry."""

    actor: Actor
    csrf: str = ""


class Access:
    """Everybody's credentials."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        staff: StaffBook,
        quotas: Quotas,
        clock: Clock,
        *,
        key: Secret,
        failures: int = 10,
    ) -> None:
        """``key`` signs the customers' tokens; ``failures`` is how often a name may fail."""
        self._records = records
        self._changes = changes
        self._staff = staff
        self._quotas = quotas
        self._clock = clock
        self._key = bytes.fromhex(key.reveal())
        self._failures = failures
        self._known: OrderedDict[str, tuple[int, datetime, Actor]] = OrderedDict()

    # machines

    def issue(
        self,
        role: Role,
        name: str,
        *,
        by: str,
        account: str = "",
        staff: str = "",
        days: float = 365,
    ) -> Secret:
        """Make a token and say it once. ``staff`` lets a test tool speak for one person.

        Raises `Invalid` for a customer's role, a front end without its account, and a rep's token
        without the rep.
        """
        if role is Role.CUSTOMER:
            raise Invalid("role", "customers_exchange_their_login")
        if role is Role.CHANNEL_APP and not account:
            raise Invalid("account", "a_front_end_speaks_for_one_account")
        if role in {Role.REP, Role.TEAM_LEAD} and not staff:
            raise Invalid("staff", "a_persons_token_needs_the_person")
        token = Secret(f"jz_live_{secrets.token_urlsafe(30)}")
        now = self._clock()
        row = Token(
            hash=_hash(token.reveal()), name=name, role=role.value, account=account, staff=staff,
            made=now, made_by=by, expires=now + timedelta(days=days),
        )  # fmt: skip
        with self._records.write() as session:
            session.add(row)
            self._changes.note("token_issued", "token", row.id, by=by, role=role.value)
        return token

    def tokens(self) -> list[Token]:
        with self._records.read() as session:
            return list(session.scalars(select(Token).order_by(Token.made)))

    def revoke(self, token_id: str, *, by: str) -> None:
        """From the next request on it is no good. Twice does no harm. Raises `NotFound`."""
        with self._records.write(f"token:{token_id}") as session:
            row = session.get(Token, token_id)
            if row is None:
                raise NotFound("token", token_id)
            row.revoked = row.revoked or self._clock()
            self._changes.note("token_revoked", "token", token_id, by=by)
            self._changes.count_up("access")

    def of_token(self, token: str) -> Actor:
        """Whoever this token speaks for. Raises `SignedOff` for one that is no good."""
        return self.credential(token)[0]

    def credential(self, token: str) -> tuple[Actor, datetime]:
        """Whoever this token speaks for, and until when it does unless it is revoked.

        Raises `SignedOff` for one that is no token of ours, revoked or expired.
        """
        if token.startswith("jz_cust_"):
            return self._of_customer(token)
        if not token.startswith("jz_"):
            raise SignedOff("not_a_token")
        now = self._clock()
        key, version = _hash(token), self._changes.version("access")
        known = self._known.get(key)
        if known and known[0] == version and now < known[1]:
            return known[2], known[1]
        with self._records.read() as session:
            row = session.scalar(select(Token).where(Token.hash == key))
        if row is None or row.revoked:
            raise SignedOff("token_not_known")
        if row.expires <= now:
            raise SignedOff("token_expired")
        actor = self._speaking(row)
        self._known[key] = (version, row.expires, actor)
        if len(self._known) > 1_000:
            self._known.popitem(last=False)
        return actor, row.expires

    def flaws(self) -> Iterator[str]:
        """Whoever may come in as a person is somebody who works here."""
        with self._records.read() as session:
            named = {f"token {each.id}": each.staff for each in session.scalars(select(Token))}
            named |= {f"login {each.name}": each.staff for each in session.scalars(select(Login))}
        here = self._staff.many({staff for staff in named.values() if staff})
        for what, staff in named.items():
            if staff and staff not in here:
                yield f"{what} is of {staff}, who does not work here"

    # people

    def enrol(self, staff_id: str, name: str, password: Secret, *, by: str) -> None:
        """Give a member of staff a login, or a new password.

        Raises `Invalid` for a password that is too short, `NotFound` for nobody, `Conflict` for a
        name that somebody else signs in by.
        """
        from juzhen.passwords import hashed

        if len(password.reveal()) < 8:
            raise Invalid("password", "password_too_short", least=8)
        person = self._staff.one(staff_id)
        kept = hashed(password)
        with self._records.write(f"login:{name}") as session:
            row = session.get(Login, name)
            if row is not None and row.staff != person.id:
                raise Conflict("login_name_taken", name=name)
            session.merge(Login(name=name, staff=person.id, password=kept))
            session.execute(delete(SignIn).where(SignIn.staff == person.id))
            self._changes.note("enrolled", "staff", person.id, by=by)
            self._changes.count_up("access")

    def names(self, staff: Collection[str]) -> dict[str, str]:
        """The login name of each who has one, by her id."""
        with self._records.read() as session:
            found = session.scalars(select(Login).where(Login.staff.in_(staff)))
            return {row.staff: row.name for row in found}

    def may_come_in(self) -> bool:
        """Has any rep a login?"""
        hers = select(Login.name).join(Staff, Staff.id == Login.staff)
        with self._records.read() as session:
            wanted = hers.where(Staff.role == Role.REP.value).limit(1)
            return session.scalar(wanted) is not None

    def change_password(self, staff_id: str, old: Secret, new: Secret) -> None:
        """Her own, by showing the one she has; every browser of hers is signed out.

        Raises `Invalid` for a wrong or a short one, `NotFound` for who has no login, `Overloaded`
        once it failed too often.
        """
        from juzhen.passwords import fits

        with self._records.read() as session:
            row = session.scalars(select(Login).where(Login.staff == staff_id)).first()
        if row is None:
            raise NotFound("login", staff_id)
        bucket = self._guessing(row.name)
        if not fits(old, row.password):
            raise Invalid("old", "wrong_password")
        self._quotas.give_back([bucket])
        self.enrol(staff_id, row.name, new, by=staff_id)

    def _guessing(self, name: str) -> str:
        """Count a guess of this quarter of an hour as a failure before it is looked at, so that no
        more are made at once either; whoever guessed right gives it back to where it says. Raises
        `Overloaded` once a name has failed too often."""
        bucket = f"login:{name[:100]}:{int(self._clock().timestamp()) // QUARTER}"
        if not self._quotas.take([bucket], self._failures):
            raise Overloaded("too_many_failed_logins", seconds=QUARTER)
        return bucket

    def person(self, name: str) -> str:
        """The id of the member of staff behind a login name. Raises `NotFound`."""
        with self._records.read() as session:
            row = session.get(Login, name)
        if row is None:
            raise NotFound("login", name)
        return row.staff

    def sign_in(self, name: str, password: Secret) -> str:
        """Check the password and begin a session: the cookie's key, always a fresh one.

        A wrong name takes as long as a wrong password, and is told the same way. Raises `SignedOff`
        for either, and `Overloaded` once a name has failed too often in a quarter of an hour.
        """
        from juzhen.passwords import fits

        bucket = self._guessing(name)
        with self._records.read() as session:
            row = session.get(Login, name)
        if not fits(password, row.password if row else None) or row is None:
            raise SignedOff("wrong_name_or_password")
        self._quotas.give_back([bucket])
        return self.begin(row.staff)

    def begin(self, staff_id: str) -> str:
        """Begin a session for somebody who has shown who she is. Raises `SignedOff` for who works
        here no more."""
        self._staff.actor(staff_id)
        key, now = secrets.token_urlsafe(32), self._clock()
        with self._records.write() as session:
            session.execute(delete(SignIn).where(SignIn.begun < now - LONGEST))
            session.add(
                SignIn(
                    hash=_hash(key),
                    staff=staff_id,
                    begun=now,
                    seen=now,
                    csrf=secrets.token_urlsafe(24),
                )
            )
            self._changes.note("signed_in", "staff", staff_id, by=staff_id)
        return key

    def of_session(self, key: str) -> Signed:
        """Whoever signed in with this browser. Raises `SignedOff` when idle for too long."""
        now = self._clock()
        with self._records.read() as session:
            row = session.get(SignIn, _hash(key))
        if row is None or row.seen < now - IDLE or row.begun < now - LONGEST:
            raise SignedOff("sign_in_first")
        if now - row.seen > timedelta(minutes=5):
            with self._records.write() as session:
                kept = session.get(SignIn, row.hash)
                if kept is not None:
                    kept.seen = now
        return Signed(self._staff.actor(row.staff), row.csrf)

    def sign_out(self, key: str, *, everywhere: bool = False) -> None:
        """End this session, or all of hers."""
        with self._records.write() as session:
            row = session.get(SignIn, _hash(key))
            if row is None:
                return
            mine = SignIn.staff == row.staff if everywhere else SignIn.hash == row.hash
            session.execute(delete(SignIn).where(mine))

    # customers

    def exchange(
        self, actor: Actor, user: str = "", *, handle: Handle | None = None, early: bool = False
    ) -> tuple[Secret, datetime]:
        """Swap the login that an account's own front end vouches for, or the ``handle`` that a
        platform named, against a short token, and say until when it is good. Raises `Invalid` if
        nobody says which customer logged in. With ``early`` it sees what VIPs are shown first.
        """
        if handle is None:
            if not user:
                raise Invalid("user_id", "which_customer_logged_in")
            handle = Handle("user", actor.account, user)
        until = self._clock() + EXCHANGED
        told = orjson.dumps([actor.account, str(handle), int(until.timestamp()), early])
        body = base64.urlsafe_b64encode(told).decode().rstrip("=")
        return Secret(f"jz_cust_{body}.{self._sign(body)}"), until

    def _of_customer(self, token: str) -> tuple[Actor, datetime]:
        body, _, signature = token.removeprefix("jz_cust_").partition(".")
        if not hmac.compare_digest(self._sign(body).encode(), signature.encode()):
            raise SignedOff("token_not_known")
        account, handle, until, *more = orjson.loads(
            base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        )
        if until <= self._clock().timestamp():
            raise SignedOff("token_expired")
        actor = Actor(
            id=handle, role=Role.CUSTOMER, account=account, customer=handle, reach=frozenset(),
            units=frozenset({"", VIPS} if any(more) else {""}),
        )  # fmt: skip
        return actor, datetime.fromtimestamp(until, UTC)

    def _sign(self, body: str) -> str:
        mac = hmac.new(self._key, b"customer:" + body.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(mac[:18]).decode()

    def _speaking(self, token: Token) -> Actor:
        """The person whom a token speaks for, in the token's role; or the machine."""
        role = Role(token.role)
        if token.staff:
            return self._staff.actor(token.staff, role=role)
        reach = frozenset[str]() if role in _ALONE else None
        return Actor(id=token.id, role=role, name=token.name, account=token.account, reach=reach)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
