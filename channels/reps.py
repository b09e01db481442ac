"""Reps on the platforms (客户经理的平台账号): which member of a platform is which of our staff.

A member who was never linked is taken for the staff of the same code, as most companies name them.
Knows no platform and signs nobody in.
"""

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from data_hub.staff import StaffBook
from kernel.errors import Conflict
from stores.changes import Changes
from stores.records import Record, Records


class Member(Record, kw_only=True):
    """One member of a platform's company account, and who she is here."""

    __tablename__ = "platform_members"

    account: Mapped[str] = mapped_column(primary_key=True)
    userid: Mapped[str] = mapped_column(primary_key=True)
    staff: Mapped[str] = mapped_column(index=True)


class Reps:
    """Staff by member and back."""

    def __init__(self, records: Records, staff: StaffBook, changes: Changes) -> None:
        self._records = records
        self._staff = staff
        self._changes = changes

    def link(self, account: str, userid: str, staff: str, *, by: str) -> Member:
        """Say who a member is. Saying it again is harmless; another staff takes her place.

        Raises `NotFound` for somebody who does not work here.
        """
        keeper = self._staff.one(staff).id
        with self._records.write(f"member:{account}:{userid}") as session:
            member = session.get(Member, (account, userid))
            if member is not None and member.staff == keeper:
                return member
            if member is None:
                member = Member(account=account, userid=userid, staff=keeper)
                session.add(member)
            member.staff = keeper
            self._changes.note("member_linked", "account", account, by=by, rep=keeper)
        return member

    def staff_of(self, account: str, userid: str) -> str:
        """Our id of her; empty if nobody of ours is meant."""
        if not userid:
            return ""
        if linked := self._records.rows(_LINKED, [account, userid]):
            return str(linked[0][0])
        return self._staff.id_of(userid)

    def userid_of(self, account: str, staff: str) -> str:
        """What the platform calls her. Raises `Conflict` for somebody who is not one of us."""
        hers = select(Member.userid).where(Member.account == account, Member.staff == staff)
        with self._records.read() as session:
            if found := session.scalar(hers.order_by(Member.userid).limit(1)):
                return found
        known = self._staff.many([staff])
        if staff not in known:
            raise Conflict("rep_unknown", rep=staff)
        return known[staff].code


_LINKED = "SELECT staff FROM platform_members WHERE account = ? AND userid = ?"
