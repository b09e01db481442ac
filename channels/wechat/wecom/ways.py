"""Ways to a rep (渠道活码、获客链接与接替): codes to scan, links to open, other hands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from channels.base import Receipt
from channels.live_codes import Code
from channels.reps import Reps
from channels.wechat.wecom import acquisition, handing_over
from channels.wechat.wecom.hearing import EXTERNAL
from channels.wechat.wecom.wire import WeComWire
from channels.wechat.wire import text
from kernel.events import Handle

_GROUPS = "/cgi-bin/externalcontact/groupchat"
_NO_SUCH_CODE = frozenset({41044, 84060, 40058})


class Ways:
    """How customers come to reps; the channel adds what it is made of."""

    wire: WeComWire
    _reps: Reps
    _account: str

    def make_code(self, state: str, reps: Sequence[str], *, remark: str, confirm: bool) -> Code:
        """A 渠道活码: whoever scans it adds one of these reps, and we hear with which state."""
        told = self.wire.ask(
            "/cgi-bin/externalcontact/add_contact_way", type=2 if len(reps) > 1 else 1, scene=2,
            remark=remark[:30], skip_verify=not confirm, state=state, user=self._userids(reps),
        )  # fmt: skip
        return Code(text(told, "config_id"), str(told.get("qr_code") or ""))

    def find_code(self, state: str, since: datetime) -> Code | None:
        """After a lost answer. Codes of old cannot be listed, new ones can."""
        begin = int(since.timestamp()) - 60
        rows = self.wire.page(
            "/cgi-bin/externalcontact/list_contact_way", "contact_way", start_time=begin,
            end_time=begin + 86_400, limit=100,
        )  # fmt: skip
        for row in rows:
            told = self.wire.ask(
                "/cgi-bin/externalcontact/get_contact_way", config_id=row.get("config_id")
            )
            way = told.get("contact_way")
            if isinstance(way, Mapping) and way.get("state") == state:
                return Code(str(row["config_id"]), str(way.get("qr_code") or ""))
        return None

    def drop_code(self, code: str) -> None:
        self.wire.ask(
            "/cgi-bin/externalcontact/del_contact_way", harmless=_NO_SUCH_CODE, config_id=code
        )

    def make_group_code(self, state: str, groups: Sequence[str], *, remark: str) -> Code:
        """A code that leads into one of these customer groups; a full one is followed by a new one
        of its name. It cannot be looked for: after a lost answer another is made, and the first
        leads to the same groups, seen by nobody."""
        told = self.wire.ask(
            f"{_GROUPS}/add_join_way", scene=2, remark=remark[:30], auto_create_room=1,
            room_base_name=remark[:20], chat_id_list=list(groups), state=state,
        )  # fmt: skip
        number = text(told, "config_id")
        way = self.wire.ask(f"{_GROUPS}/get_join_way", config_id=number).get("join_way")
        picture = str(way.get("qr_code") or "") if isinstance(way, Mapping) else ""
        return Code(number, picture)

    def drop_group_code(self, ref: str) -> None:
        self.wire.ask(f"{_GROUPS}/del_join_way", harmless=_NO_SUCH_CODE, config_id=ref)

    def make_link(self, state: str, reps: Sequence[str], *, remark: str, confirm: bool) -> Code:
        """A 获客链接: whoever opens it adds one of these reps, and it costs one of our quota."""
        userids = self._userids(reps)
        return acquisition.made(self.wire, state, userids, remark=remark, confirm=confirm)

    def find_link(self, state: str, since: datetime) -> Code | None:
        return acquisition.found(self.wire, state)

    def drop_link(self, ref: str) -> None:
        acquisition.dropped(self.wire, ref)

    # from one rep to another

    def hand_over(
        self, giver: str, taker: str, handles: Sequence[Handle], words: str, *, resigned: bool
    ) -> dict[Handle, Receipt]:
        """Ask for it; every customer is answered for alone."""
        one, other = self._userids([giver, taker])
        hers = [each.value for each in handles]
        told = handing_over.ask(self.wire, one, other, hers, words, resigned=resigned)
        return self._handles(told)

    def handed_over(self, giver: str, taker: str, *, resigned: bool) -> dict[Handle, Receipt]:
        one, other = self._userids([giver, taker])
        return self._handles(handing_over.results(self.wire, one, other, resigned=resigned))

    def _handles(self, told: Mapping[str, Receipt]) -> dict[Handle, Receipt]:
        return {Handle(EXTERNAL, self._account, each): what for each, what in told.items()}

    def _userids(self, reps: Sequence[str]) -> list[str]:
        return [self._reps.userid_of(self._account, each) for each in reps]
