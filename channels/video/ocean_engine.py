"""Ocean Engine (巨量引擎): leads that our ads brought, and what they turned out to be.

Habits of the platform to know before changing anything here:

* Nothing is pushed; the newest leads come first, a hundred a page at most. An app's name and the
  state of a lead come about ten minutes late.
* An answer is 200 with a ``code``; 0 is well.
* The short token lives a day; refreshing it gives another long one too, and the old one dies.
* What a lead left is a person's: her phone links her and stands nowhere else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

import orjson

from channels.ad_leads import Verdict
from channels.base import (
    Busy,
    Callback,
    Idempotency,
    Received,
    Refused,
    SignedOut,
)
from channels.capabilities import Capabilities, Limits
from channels.codes import Codes
from channels.listening import OnlyListens
from channels.outbound import Http, Question, RateGate, asked, fields
from channels.video.grants import Grant, Granted, Grants
from data_hub.identities import phone
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.errors import Invalid
from kernel.events import Ecosystem, Event, Handle
from kernel.secret import Secret

HOST = "https://ad.oceanengine.com"
CONSENT = "https://open.oceanengine.com"
PAGE = 100
EARLY = timedelta(hours=2)
"""So long before its end the short token is refreshed."""
_BEIJING = Zone("Asia/Shanghai")

OCEAN_ENGINE = Codes(
    expired=frozenset({40102, 40104, 40105, 40107}),
    signed_out=frozenset({40002, 40003, 40101}),
    ungranted=frozenset({40103, 40106}),
    later={40100: 5.0, 40110: 60.0, 50000: 2.0, 51010: 2.0},
    source="open.oceanengine.com, 返回码; believed, not seen live",
    unverified=frozenset({
        40002, 40003, 40100, 40101, 40102, 40103, 40104, 40105, 40106, 40107, 40110, 50000, 51010,
    }),
)  # fmt: skip

_STATES: Mapping[Verdict, int] = {
    Verdict.CONFIRMED: 194, Verdict.BEFRIENDED: 195, Verdict.PROMISING: 196, Verdict.PAID: 285,
    Verdict.INVALID: 10000,
}  # fmt: skip
_TYPES = {"0": "form", "1": "chat", "2": "phone", "3": "callback", "4": "coupon", "5": "draw"}
_LATE = ("clue_state", "convert_status", "app_name", "intention")
_PERSONAL = {"name", "telephone", "weixin", "address", "age", "gender", *_LATE}


class OceanEngine(OnlyListens):
    """The advertisers of one application."""

    key: ClassVar[str] = "ocean_engine"
    writes_to: ClassVar[str] = ""
    idempotency: ClassVar[Idempotency] = "none"
    pulled: ClassVar[bool] = True
    capabilities: ClassVar[Capabilities] = Capabilities(
        (Limits(since=date(2026, 1, 1), source="leads come in", shows=frozenset()),)
    )
    longest_review = timedelta()

    def __init__(
        self,
        http: Http,
        grants: Grants,
        gate: RateGate,
        clock: Clock,
        *,
        account: str,
        app_id: str,
        secret: Secret,
        advertisers: str,
        host: str = HOST,
        consent: str = CONSENT,
        per_minute: float = 600,
    ) -> None:
        """``advertisers`` are their numbers, between commas."""
        self._http = http
        self._grants = grants
        self._gate = gate
        self._clock = clock
        self._account = account
        self._app_id = app_id
        self._secret = secret
        self._advertisers = _numbers(advertisers)
        self._host = host.rstrip("/")
        self._consent = consent.rstrip("/")
        self._per_minute = per_minute

    # the grant

    def consent(self, word: str, back: str) -> str:
        """Where who owns the advertisers says yes."""
        told = {"app_id": self._app_id, "state": word, "redirect_uri": back}
        return f"{self._consent}/audit/oauth.html?{urlencode(told)}"

    def take_grant(self, code: str, *, by: str) -> None:
        """Change the code into tokens and keep them. The code is good once."""
        told = self._signing("access_token", grant_type="auth_code", auth_code=code)
        self._grants.keep(self._account, _granted(told), by=by)

    def renew(self) -> bool:
        """Refresh ahead of its end; was there anything to do?"""
        grant = self._grants.one(self._account)
        if grant.expires - self._clock() > EARLY:
            return False
        self._access(not_this=grant.access)
        return True

    def _access(self, not_this: str = "") -> str:
        """A token that should be good and is not the one that just failed."""
        return self._grants.good(self._account, self._refresh, not_this=not_this).access

    def _refresh(self, grant: Grant) -> None:
        told = self._signing(
            "refresh_token", grant_type="refresh_token", refresh_token=grant.refresh
        )
        self._grants.keep(self._account, _granted(told, grant.creator), by="worker")

    def _signing(self, what: str, **more: str) -> dict[str, Any]:
        payload = {"app_id": self._app_id, "secret": self._secret.reveal(), **more}
        told = self._told(Question.of_json(f"/open_api/oauth2/{what}/", payload))
        if _code(told) in OCEAN_ENGINE.expired:
            raise SignedOut("creator_must_grant", path=what, errcode=_code(told))
        return self._judged(what, told)

    # leads

    def leads(self, since: datetime, until: datetime) -> list[Event]:
        return [event for row in self._rows(since, until) for event in self._events(row)]

    def judge(self, lead: str, verdict: Verdict) -> None:
        told = {
            "advertiser_ids": self._advertisers, "clue_id": lead, "source": 1,
            "clue_convert_state": _STATES[verdict],
        }  # fmt: skip
        self._call(Question.of_json("/open_api/2/tools/clue/callback/", told))

    def _rows(self, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
        page, pages = 1, 1
        while page <= pages:
            query = {
                "advertiser_ids": orjson.dumps(self._advertisers).decode(),
                "start_time": _told(since), "end_time": _told(until),
                "page": page, "page_size": PAGE,
            }  # fmt: skip
            told = self._call(Question(path="/open_api/2/tools/clue/get/", query=query))
            rows, info = told.get("list"), told.get("page_info")
            yield from (each for each in rows or () if isinstance(each, dict))
            pages = _whole(info.get("total_page")) if isinstance(info, Mapping) else 1
            page += 1

    def _events(self, row: Mapping[str, Any]) -> Iterator[Event]:
        """She left it, once; and how it stands there, whenever that is news."""
        number = _text(row, "clue_id")
        if not number:
            return  # nobody could say which
        at = self._moment(_text(row, "create_time_detail"))
        left = phone(_text(row, "telephone"))
        traits = {name: told for name in ("name", "weixin") if (told := _text(row, name))}
        yield Event(
            id=f"clue:{number}"[:240], kind="left_contact", account=self._account,
            handle=Handle("lead", self._account, number),
            links=(left,) if left is not None else (), ecosystem=Ecosystem.VIDEO, at=at,
            detail=_detail(row) | ({"traits": traits} if traits else {}),
        )  # fmt: skip
        late = {f"clue_{name.removeprefix('clue_')}": _text(row, name) for name in _LATE}
        if late := {name: told for name, told in late.items() if told not in ("", "0")}:
            said = orjson.dumps(late, option=orjson.OPT_SORT_KEYS)
            yield Event(
                id=f"clue:{number}:{hashlib.sha256(said).hexdigest()[:16]}"[:240],
                kind="identified", account=self._account,
                handle=Handle("lead", self._account, number), ecosystem=Ecosystem.VIDEO, at=at,
                detail={"traits": late},
            )  # fmt: skip

    def _moment(self, told: str) -> datetime:
        """``2026-03-02 10:00:00`` in Beijing; never in our future."""
        now = self._clock()
        try:
            at = datetime.fromisoformat(told)
        except ValueError:
            return now
        return min(at if at.tzinfo else at.replace(tzinfo=_BEIJING.info), now)

    # calls

    def _call(self, question: Question) -> dict[str, Any]:
        """One call, signed in; a token that died early is replaced once."""
        failed, code = "", 0
        for _ in range(2):
            access = self._access(not_this=failed)
            told = self._told(question.signed(headers={"Access-Token": access}))
            if (code := _code(told)) not in OCEAN_ENGINE.expired:
                return self._judged(question.path, told)
            failed = access
        raise SignedOut("platform_signed_us_out", path=question.path, errcode=code)

    def _told(self, question: Question) -> dict[str, Any]:
        self._gate.enter(self._account, self._per_minute)
        return fields(asked(self._http, self._host, question), question)

    def _judged(self, path: str, told: Mapping[str, Any]) -> dict[str, Any]:
        code, data = _code(told), told.get("data")
        if code == 0:
            return dict(data) if isinstance(data, Mapping) else {}
        errmsg = str(told.get("message") or "")[:200]
        raise OCEAN_ENGINE.trouble(code, {"path": path, "errmsg": errmsg})

    # what cannot be done there

    def receive(self, callback: Callback) -> Received:
        raise Refused("callback_not_genuine", account=self._account)


def _numbers(told: str) -> list[int]:
    named = [each.strip() for each in told.split(",") if each.strip()]
    if not named or not all(each.isdecimal() for each in named):
        raise Invalid("settings.advertisers", "advertisers_are_numbers")
    return [int(each) for each in named]


def _granted(told: Mapping[str, Any], creator: str = "") -> Granted:
    named = told.get("advertiser_ids")
    return Granted(
        creator=creator or ",".join(str(each) for each in named or ())[:200],
        access=Secret(_needed(told, "access_token")), seconds=_whole(told.get("expires_in")),
        refresh=Secret(_needed(told, "refresh_token")),
        refresh_seconds=_whole(told.get("refresh_token_expires_in")),
    )  # fmt: skip


def _detail(row: Mapping[str, Any]) -> dict[str, Any]:
    """Where it came from in our words, beside what else was told and is nobody's."""
    kept = {name: value for name, value in row.items() if name not in _PERSONAL and value}
    return kept | {
        "campaign": _text(row, "promotion_id") or _text(row, "ad_id"),
        "creative": _text(row, "creative_id"), "bidder": "ocean_engine",
        "left_by": _TYPES.get(_text(row, "clue_type"), ""),
    }  # fmt: skip


def _told(at: datetime) -> str:
    return f"{_BEIJING.local(at):%Y-%m-%d %H:%M:%S}"


def _needed(told: Mapping[str, Any], name: str) -> str:
    if not (value := _text(told, name)):
        raise Busy("platform_answer_unreadable", down=True, path=name)
    return value


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return str(value).strip()[:500] if isinstance(value, str | int) and value != "" else ""


def _whole(value: Any) -> int:
    text = str(value or 0)
    return int(text) if text.isdecimal() else 0


def _code(told: Mapping[str, Any]) -> int:
    try:
        return int(told.get("code") or 0)
    except (TypeError, ValueError):
        return -1
