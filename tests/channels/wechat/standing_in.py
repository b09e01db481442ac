"""A small WeChat: answers the calls that the adapter makes, in WeChat's own manner."""

import re
from email.parser import BytesParser
from urllib.parse import parse_qs, urlsplit

import orjson

from channels.base import Unanswered
from channels.outbound import Answer


class StandInWeChat:
    """The platform behind ``Http``: no socket, but the same bytes."""

    def __init__(self):
        self.busy = self.silent = False
        self.token_calls, self.tokens, self.dead = 0, ["t0"], set()
        self.heard, self.calls, self.pictures = [], [], []
        self.status = 0
        self.people = {"o1": "u1"}
        self._drafts, self._articles, self._media = [], {}, set()
        self.strange = None
        """Answered instead of anything else, once."""

    @property
    def shown(self):
        return [article["title"] for article in self._articles.values()]

    @property
    def articles(self):
        return list(self._articles.values())

    def request(self, method, url, *, body=b"", headers=None):
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        path = parts.path.removeprefix("/cgi-bin/")
        self.calls.append(path)
        if self.strange is not None and path != "stable_token":
            strange, self.strange = self.strange, None
            return strange
        told = self._answer(path, query, body, headers or {})
        if self.silent and path in ("freepublish/submit", "message/custom/send"):
            raise Unanswered("platform_did_not_answer", host=parts.netloc)
        return Answer(200, {}, orjson.dumps(told))

    def _answer(self, path, query, body, headers):
        if path == "stable_token":
            return self._token(orjson.loads(body))
        if query.get("access_token") != self.tokens[-1] or self.tokens[-1] in self.dead:
            return {"errcode": 40001, "errmsg": "invalid credential"}
        if self.busy:
            return {"errcode": -1, "errmsg": "system error"}
        if headers.get("Content-Type", "").startswith("multipart/"):
            return self._upload(path, body, headers)
        told = orjson.loads(body) if body else query
        assert b"\\u" not in body
        told.pop("access_token", None)
        return getattr(self, re.sub(r"\W", "_", path))(**told)

    def _token(self, asked):
        self.token_calls += 1
        if asked["secret"] != "s3cret":
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        if asked["force_refresh"]:
            self.tokens.append(f"t{len(self.tokens)}")
        return {"access_token": self.tokens[-1], "expires_in": 7200}

    def _upload(self, path, body, headers):
        head = f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode()
        (part,) = BytesParser().parsebytes(head + body).get_payload()
        assert part.get_param("name", header="content-disposition") == "media"
        self.pictures.append(part.get_payload(decode=True))
        number = f"pic{len(self.pictures)}"
        self._media.add(number)
        return {"media_id": number, "url": f"https://mmbiz.qpic.cn/{number}"}

    def forget_media(self):
        self._media.clear()

    def draft_add(self, articles):
        if articles[0]["thumb_media_id"] not in self._media:
            return {"errcode": 40007, "errmsg": "invalid media_id"}
        if len(articles[0]["title"]) > 32:
            return {"errcode": 45003, "errmsg": "title size out of limit"}
        self._drafts += articles
        return {"media_id": f"m{len(self._drafts)}"}

    def freepublish_submit(self, media_id):
        number = media_id[1:]
        if self.status == 0:
            self._articles[f"a{number}"] = self._drafts[int(number) - 1]
        return {"errcode": 0, "errmsg": "ok", "publish_id": number}

    def freepublish_get(self, publish_id):
        told = {"publish_id": publish_id, "publish_status": self.status}
        return told | ({"article_id": f"a{publish_id}"} if self.status == 0 else {})

    def freepublish_batchget(self, offset, count, no_content):
        items = [
            {"article_id": key, "content": {"news_item": [article]}}
            for key, article in reversed(self._articles.items())
        ]
        return {"total_count": len(items), "item": items[offset : offset + count]}

    def freepublish_delete(self, article_id):
        gone = self._articles.pop(article_id, None) is None
        return {"errcode": 53600 if gone else 0}

    def message_custom_send(self, touser, msgtype, **more):
        if touser not in self.people:
            return {"errcode": 45015, "errmsg": "response out of time limit"}
        self.heard.append(orjson.dumps(more).decode())
        return {"errcode": 0, "errmsg": "ok"}

    def user_info(self, openid, lang):
        if openid not in self.people:
            return {"subscribe": 0, "openid": openid}
        return {"subscribe": 1, "openid": openid, "unionid": f" {self.people[openid]}"}
