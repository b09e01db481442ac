"""Plain JSON (通用节点): how the Elasticsearch client talks to servers that are not its newest.

It names a media type of its own that they do not know, and refuses whoever does not name himself
as Elasticsearch. Imported only when a cluster is opened: elastic_transport is an extra.
"""

from __future__ import annotations

from typing import Any

from elastic_transport import HttpHeaders, Urllib3HttpNode

_PLAIN = {
    "application/vnd.elasticsearch+json; compatible-with=9": "application/json",
    "application/vnd.elasticsearch+x-ndjson; compatible-with=9": "application/x-ndjson",
}


class PlainNode(Urllib3HttpNode):
    """Says ``application/json``, and hears who it is."""

    def perform_request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: Any = None,
    ) -> Any:
        told = HttpHeaders(headers or {})
        for name in ("accept", "content-type"):
            if (spoken := told.get(name)) in _PLAIN:
                told[name] = _PLAIN[spoken]
        answer = super().perform_request(
            method, target, body=body, headers=told, request_timeout=request_timeout
        )
        answer.meta.headers["x-elastic-product"] = "Elasticsearch"
        return answer
