"""The same articles by plain calls: one kept connection, a token in memory, no outbox, no retry.

What a script would do. Dying in the middle it forgets what went out.
"""

from __future__ import annotations

from typing import Any

import orjson
import urllib3


class PlainCalls:
    """One official account, spoken to as directly as possible."""

    def __init__(self, url: str, appid: str, secret: str) -> None:
        self._url = url
        self._http = urllib3.PoolManager(maxsize=1)
        asked = {"grant_type": "client_credential", "appid": appid, "secret": secret}
        self._token = ""
        self._token = self._ask("stable_token", asked)["access_token"]

    def cover(self, data: bytes) -> str:
        answer = self._http.request(
            "POST",
            f"{self._url}/cgi-bin/material/add_material?type=image&access_token={self._token}",
            fields={"media": ("cover.jpg", data, "image/jpeg")},
        )
        return str(orjson.loads(answer.data)["media_id"])

    def publish(self, article: dict[str, Any]) -> str:
        draft = self._ask("draft/add", {"articles": [article]})
        told = self._ask("freepublish/submit", {"media_id": draft["media_id"]})
        return str(told["publish_id"])

    def close(self) -> None:
        self._http.clear()

    def _ask(self, path: str, told: dict[str, Any]) -> Any:
        answer = self._http.request(
            "POST",
            f"{self._url}/cgi-bin/{path}?access_token={self._token}",
            body=orjson.dumps(told),
            headers={"Content-Type": "application/json"},
        )
        return orjson.loads(answer.data)
