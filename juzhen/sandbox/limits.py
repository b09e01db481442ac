"""Limits (限额): what the platform allows and says when it will not, as it was told in 2026.

The sandbox's own data: no adapter reads it and it reads no adapter, so that a limit which the
product got wrong shows up here. A running sandbox may be given others (``POST /sandbox/knobs``).
"""

from __future__ import annotations

from kernel.values import dataclass

TOKEN_SECONDS = 7_200
OVERLAP_SECONDS = 300
"""So long an old token of ``/token`` still works beside the new one."""
FORCED_A_DAY = 20
FORCED_APART_SECONDS = 30

TITLE_CHARACTERS = 32
AUTHOR_CHARACTERS = 16
DIGEST_CHARACTERS = 128
CONTENT_CHARACTERS = 20_000
CONTENT_BYTES = 1_000_000
LINK_BYTES = 1_024
TEXT_MESSAGE_BYTES = 2_048
SCENE_CHARACTERS = 64
PAGE = 20
PEOPLE_PAGE = 10_000
PEOPLE_BATCH = 100
TEMPORARY_SECONDS = 3 * 86_400

BYTES_OF = {
    "image": 10_000_000,
    "voice": 2_000_000,
    "video": 10_000_000,
    "thumb": 64_000,
    "uploadimg": 1_000_000,
}
"""How big an upload of a kind may be."""


@dataclass(frozen=True, slots=True)
class Window:
    """After this act of a follower, so many messages may reach her for so long."""

    act: str
    seconds: int
    messages: int


WINDOWS = (
    Window("message", 48 * 3_600, 5),
    Window("menu", 60, 3),
    Window("follow", 60, 3),
    Window("scan", 60, 3),
)

A_DAY = {
    "token": 2_000,
    "stable_token": 500_000,
    "media/upload": 5_000,
    "media/uploadimg": 5_000,
    "material/add_material": 10_000,
    "draft/add": 10_000,
    "freepublish/submit": 10_000,
    "message/custom/send": 500_000,
    "message/template/send": 100_000,
    "message/mass/preview": 100,
    "user/get": 500,
    "user/info": 5_000_000,
    "user/info/batchget": 5_000_000,
    "qrcode/create": 100_000,
    "menu/create": 1_000,
    "wxa/generate_urllink": 500_000,
}
A_MINUTE = {
    "stable_token": 10_000,
    "message/mass/sendall": 60,
    "wxa/getwxacodeunlimit": 5_000,
}
CLEARS_A_MONTH = 10

CORP_A_MINUTE = {"*": 10_000, "externalcontact/add_moment_task": 10}
CORP_AN_HOUR = {"*": 150_000}
CORP_PENALTIES = (60.0, 3_600.0, 30 * 86_400.0)
"""Seconds for which a corporation's call stays shut once it was made too often for a minute, an
hour or a month; for a day it is the rest of that day."""

WELCOME_SECONDS = 20
GROUP_TEXT_BYTES = 4_000
MOMENT_TEXT_CHARACTERS = 2_000
ATTACHMENTS = 9
MASS_RECIPIENTS = 10_000
MASS_CHATS = 2_000
REMINDERS_A_DAY = 3
STATE_CHARACTERS = 30
REMARK_CHARACTERS = 30
CARDS_A_MINUTE, CARDS_AN_HOUR = 30, 1_000
"""To one member; what comes beyond is dropped without a word."""
CARD_REPS, CARD_BUTTONS, CARD_TASK_BYTES = 1_000, 6, 128

TAGS = 100
TAG_BYTES = 30
TAGGED_AT_ONCE = 50
TAGS_OF_ONE = 20
FIGURES_FROM_HOUR = 8
LASTING_CODES = 100_000
CODE_DAYS = 30

MENU_ENTRIES, MENU_ENTRIES_BELOW = 3, 5
MENU_NAME_BYTES, MENU_NAME_BELOW_BYTES, MENU_KEY_BYTES = 16, 60, 128

TRANSFERRED_AT_ONCE, TRANSFER_WORDS = 100, 200
TRANSFER_SECONDS, TRANSFER_DAYS, TRANSFERS = 86_400, 90, 2
"""Done after a day unless she says no; twice in ninety days at most."""

STATISTIC_DAYS = 30
LINK_NAME_CHARACTERS = 30
CORP_TAG_CHARACTERS = 30
JOINED_GROUPS = 5
LINK_REPS = 500
LINK_QUOTA = 1_000
QUERY_CHARACTERS = 1_024
CLIENT_BYTES = 64
MASSES_A_MONTH = 4
CONFIRM_SECONDS = 1_800

CODE_SECONDS = 300
THING_CHARACTERS = 20

SAYS = {
    40029: "invalid code",
    40163: "code been used",
    43101: "user refuse to accept the msg",
    47003: "argument invalid! data.thing value invalid",
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40014: "invalid access_token",
    40097: "invalid args",
    40165: "invalid weapp pagepath",
    40169: "invalid length for scene, or the data is not json string",
    40212: "invalid query",
    41030: "invalid page",
    85401: "time limit between [1min, 30days]",
    40050: "invalid chat id",
    40053: "invalid action info",
    40058: "invalid request parameter",
    40068: "invalid tag id",
    40096: "invalid external userid",
    40071: "invalid tag name",
    41044: "invalid config_id",
    41051: "welcome message already delivered",
    41096: "another app is sending the welcome message",
    41089: "moment task can not be cancelled",
    45033: "concurrent limit",
    60111: "userid not found",
    81013: "user & party & tag all invalid",
    84061: "not external contact",
    81011: "no priviledge to access/modify tag",
    40129: "current customer is being transferred",
    40003: "invalid openid",
    40004: "invalid media type",
    40005: "invalid file type",
    40007: "invalid media_id",
    40013: "invalid appid",
    40035: "invalid parameter",
    40037: "invalid template_id",
    40008: "invalid message type",
    40059: "invalid msg id",
    40066: "invalid url",
    45028: "has no masssend quota",
    45067: "clientmsgid is too long",
    40125: "invalid appsecret",
    41001: "access_token missing",
    41005: "media data missing",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    43004: "require subscribe",
    44002: "empty post data",
    44003: "empty news data",
    44004: "empty content",
    45001: "media size out of limit",
    45002: "content size out of limit",
    45003: "title size out of limit",
    45004: "description size out of limit",
    45005: "url size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    40016: "invalid button size",
    40017: "invalid button type",
    40018: "invalid button name size",
    40019: "invalid button key size",
    40020: "invalid button url size",
    40023: "invalid sub button size",
    40024: "invalid sub button type",
    40025: "invalid sub button name size",
    46003: "menu no exist",
    40032: "invalid openid list size",
    45056: "create too many tags, max size is 100",
    45058: "can't modify sys tag",
    45059: "can't tag user because of too many tags",
    45065: "clientmsgid exist",
    45157: "tag name already exist",
    45158: "tag name too long",
    45159: "invalid tag id",
    61500: "date format error",
    61501: "date range error",
    45110: "author size out of limit",
    47001: "data format error",
    48001: "api unauthorized",
    48006: "forbid to clear quota because of reaching the limit",
    53600: "article_id invalid",
}


class Said(Exception):
    """The platform will not, and says so: HTTP status 200 with this ``errcode``."""

    def __init__(self, errcode: int, hint: str = "") -> None:
        super().__init__(errcode, hint)
        self.errcode = errcode
        self.errmsg = SAYS.get(errcode, "error") + (f" hint: [{hint}]" if hint else "")
