"""A sandbox with one official account, and a company that listens to its callbacks."""

import io
import threading
from base64 import b64decode
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import orjson
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from juzhen.sandbox.app import create
from juzhen.sandbox.world import Settings

AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
ACCOUNT = {
    "appid": "wx5823bf96d3bd56c7",
    "secret": "s3cret",
    "token": "QDG6eK",
    "aes_key": AES_KEY,
    "code": "oa",
    "name": "长河保险",
    "followers": 6,
}
PIXEL = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


class Company:
    """Whoever the platform calls back: keeps what came, answers what it is told to."""

    def __init__(self):
        self.came, self.status = [], 200
        self.answers = {}
        """What a POST to a path is answered with; ``success`` where nothing is said."""
        self.cookie, self.picture = "", b""
        company = self

        class Door(BaseHTTPRequestHandler):
            def do_GET(self):
                company.came.append((self.path, b""))
                if company.picture:
                    return self._say(company.picture)
                query = parse_qs(urlsplit(self.path).query)
                return self._say(query.get("echostr", [""])[0].encode())

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                company.came.append((self.path, body))
                self._say(company.answers.get(self.path, b"success"))

            def _say(self, body):
                self.send_response(company.status)
                self.send_header("Content-Length", str(len(body)))
                if company.cookie:
                    self.send_header("Set-Cookie", company.cookie)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Platform:
    """What a client of the sandbox does, over its test client."""

    def __init__(self, app):
        self.app, self.world, self._client = app, app.extensions["world"], app.test_client()
        self.control("accounts", ACCOUNT)
        self.openids = [person["openid"] for person in self.see("followers")["followers"]]
        self.token = self.sign_in()["access_token"]

    def sign_in(self, **more):
        asked = {"grant_type": "client_credential", "appid": ACCOUNT["appid"], "secret": "s3cret"}
        return self._client.post("/cgi-bin/stable_token", json=asked | more).json

    def fresh_token(self):
        query = {"grant_type": "client_credential", "appid": ACCOUNT["appid"], "secret": "s3cret"}
        return self._client.get("/cgi-bin/token", query_string=query).json

    def raw(self, path, body, token=None):
        url = f"/cgi-bin/{path}?access_token={token or self.token}"
        return self._client.post(url, data=body, content_type="application/json")

    def ask(self, path, token=None, **payload):
        return self.raw(path, orjson.dumps(payload), token).json

    def look(self, path, **query):
        query["access_token"] = self.token
        return self._client.get(f"/cgi-bin/{path}", query_string=query).json

    def upload(self, path="material/add_material", data=PIXEL, kind="image"):
        url = f"/cgi-bin/{path}?access_token={self.token}&type={kind}"
        return self._client.post(url, data={"media": (io.BytesIO(data), "a.png")}).json

    def control(self, path, told=None):
        return self._client.post(f"/sandbox/{path}", json=told or {}).json

    def see(self, path):
        return self._client.get(f"/sandbox/{path}").json

    def page(self, path, **form):
        if form:
            return self._client.post(path, data=form, follow_redirects=True)
        return self._client.get(path)

    def draft(self, **changes):
        article = {
            "title": "养老社区开放日",
            "content": "<p>欢迎来看</p>",
            "content_source_url": "http://127.0.0.1:8000/t/abc#dlv_1",
            "thumb_media_id": self.upload()["media_id"],
        }
        return self.ask("draft/add", articles=[article | changes])

    def publish(self, **changes):
        return self.ask("freepublish/submit", media_id=self.draft(**changes)["media_id"])


@pytest.fixture
def company():
    listens = Company()
    yield listens
    listens.close()


@pytest.fixture
def opened(tmp_path, clock, company):
    """Opens the same folder as often as a test likes; one after the other."""
    worlds = []

    def again():
        if worlds:
            worlds.pop().close()
        app = create(Settings(folder=tmp_path / "sandbox", hub=company.url, clock=clock))
        worlds.append(app.extensions["world"])
        return Platform(app)

    yield again
    for world in worlds:
        world.close()


@pytest.fixture
def platform(opened):
    return opened()


@pytest.fixture
def told(company, platform):
    """What the company was told so far, decrypted by an implementation of the test's own."""

    def one(path, body):
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        sealed = ET.fromstring(body).findtext("Encrypt")
        parts = sorted([ACCOUNT["token"], query["timestamp"], query["nonce"], sealed])
        good = sha1("".join(parts).encode()).hexdigest() == query["msg_signature"]
        key = b64decode(AES_KEY + "=")
        opener = Cipher(AES(key), CBC(key[:16])).decryptor()
        plain = opener.update(b64decode(sealed)) + opener.finalize()
        plain = plain[: -plain[-1]]
        length = int.from_bytes(plain[16:20], "big")
        assert plain[20 + length :].decode() == ACCOUNT["appid"]
        fields = {node.tag: node for node in ET.fromstring(plain[20 : 20 + length])}
        return {"genuine": good} | {
            name: node.text if len(node) == 0 else {leaf.tag: leaf.text for leaf in node}
            for name, node in fields.items()
        }

    def everything():
        platform.control("flush")
        return [one(path, body) for path, body in company.came if body]

    return everything
