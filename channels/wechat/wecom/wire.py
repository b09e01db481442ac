"""WeCom's wire (企业微信接口): its token and its error codes. Knows no single API.

Habits of the platform to know before changing anything here:

* Every application has a secret, and every secret its own token.
* ``gettoken`` answers the same token while it lives, and is throttled when asked often (45009).
* A limit of a minute shuts the door for a minute, of an hour for an hour, of a day for the day.
"""

from __future__ import annotations

from typing import Any, ClassVar

from channels.codes import Codes
from channels.outbound import Question
from channels.wechat.tokens import Tokens
from channels.wechat.wire import Wire

HOST = "https://qyapi.weixin.qq.com"

WECOM = Codes(
    expired=frozenset({40001, 40014, 42001}),
    signed_out=frozenset({40013, 40056, 42009, 48002, 60020, 84074, 301002}),
    later={-1: 0.0, 45009: 60.0, 45033: 5.0, 41096: 1.0},
    down=frozenset({-1}),
    minded={
        40003: "recipient_unknown",
        40029: "login_code_unknown",
        40068: "corp_tag_unknown",
        40096: "recipient_unknown",
        40097: "giver_still_works_here",
        40098: "taker_not_verified",
        40099: "rep_has_too_many",
        40100: "transfer_under_way",
        40126: "corp_tags_full",
        40128: "transferred_too_often",
        40129: "transfer_under_way",
        40130: "named_twice",
        40131: "recipient_gone",
        41048: "recipient_unknown",
        41050: "welcome_too_late",
        41051: "already_greeted",
        41078: "month_is_used_up",
        60111: "recipient_unknown",
        81011: "corp_tag_not_ours",
        81013: "recipient_unknown",
        84061: "recipient_gone",
        84083: "rep_has_no_licence",
    },
    source="developer.work.weixin.qq.com, 90313 (全局错误码), 92117, 92125, 92137, 95094",
    unverified=frozenset({41078, 41096}),
)


class WeComWire(Wire):
    """The calls of one application of one corporation; ``appid`` is the corporation's id."""

    codes: ClassVar[Codes] = WECOM

    @property
    def corp(self) -> str:
        """The corporation's id."""
        return self._appid

    @property
    def host(self) -> str:
        return self._host

    @property
    def tokens(self) -> Tokens:
        """Where short-lived secrets are kept."""
        return self._tokens

    def _fetch(self, force: bool) -> tuple[str, float]:  # the port's argument
        query = {"corpid": self._appid, "corpsecret": self._secret.reveal()}
        return self._token(Question(path="/cgi-bin/gettoken", query=query))

    def page(self, path: str, name: str, **payload: Any) -> list[dict[str, Any]]:
        """Every row of a list that is told page by page under ``next_cursor``."""
        rows: list[dict[str, Any]] = []
        asked, seen = dict(payload), set[str]()
        cursor = ""
        while cursor not in seen:
            seen.add(cursor)
            told = self.ask(path, **asked)
            found = told.get(name)
            found = found if isinstance(found, list) else []
            rows += [each for each in found if isinstance(each, dict)]
            cursor = str(told.get("next_cursor") or "")
            if not cursor:
                break
            asked["cursor"] = cursor
        return rows
