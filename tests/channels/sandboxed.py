"""The sandbox in this process, on a port of its own, with one official account."""

import json
from contextlib import contextmanager
from urllib.request import Request, urlopen

from juzhen.sandbox.app import Process
from juzhen.sandbox.world import Settings

ACCOUNT = {
    "appid": "wx5823bf96d3bd56c7",
    "secret": "s3cret",
    "token": "QDG6eK",
    "aes_key": "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
    "code": "oa",
    "name": "长河保险",
    "followers": 6,
}


class Sandbox:
    """What a test asks of it, over its control door."""

    def __init__(self, url):
        self.url = url

    def post(self, path, **told):
        request = Request(
            f"{self.url}/sandbox/{path}", json.dumps(told).encode(),
            {"Content-Type": "application/json"},
        )  # fmt: skip
        with urlopen(request) as answer:
            return json.load(answer)

    def ask(self, path):
        with urlopen(f"{self.url}/sandbox/{path}") as answer:
            return json.load(answer)

    def knobs(self, **told):
        self.post("knobs", **told)

    @property
    def articles(self):
        """Every article that followers ever saw."""
        return self.ask("published")["articles"]

    @property
    def shown(self):
        return [article["title"] for article in self.articles if article["shown"]]

    def account(self, house, code="oa", **settings):
        """The hub's side of the same account."""
        return house.account(
            code=code, kind="wechat_oa",
            settings={"app_id": ACCOUNT["appid"], "base_url": self.url} | settings,
            secrets={
                "app_secret": ACCOUNT["secret"],
                **{name: ACCOUNT[name] for name in ("token", "aes_key")},
            },
        )  # fmt: skip


@contextmanager
def running(folder, hub="http://127.0.0.1:9", **knobs):
    process = Process(Settings(folder=folder, hub=hub, seed=7, act_every=0), 0)
    process.start()
    sandbox = Sandbox(f"http://127.0.0.1:{process.port}")
    sandbox.post("accounts", **ACCOUNT)
    sandbox.knobs(review_seconds=0, callbacks="never", **knobs)
    yield sandbox
    process.stop()


def following(sandbox):
    """Those who follow its account."""
    return [each for each in sandbox.ask("followers")["followers"] if each["followed"]]
