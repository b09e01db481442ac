"""S18: pages of other origins may hand in behaviour, without credentials, and read nothing of ours.

24 askers: six origins, signed in or not, asking first (a preflight) or at once.
"""

from itertools import product

import pytest

from tests.web.test_headers import app, company, sign_in

__all__ = ["app", "company"]  # fixtures of the headers' module

ORIGINS = (
    "", "http://localhost", "https://evil.example", "null", "http://evil.localhost",
    "http://localhost.evil.example",
)  # fmt: skip
ASKERS = list(product(ORIGINS, ("stranger", "admin"), ("OPTIONS", "POST")))
OURS = ("/graphql", "/auth/exchange", "/media", "/console/", "/workbench/", "/c/mat_1", "/login")
INTAKE = ("/v1/t", "/v1/batch", "/sa", "/v1/projects/wk/settings")


def asking(origin, method):
    told = {"Origin": origin} if origin else {}
    if method == "OPTIONS":
        told |= {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type",
        }
    return told


def permitted(headers):
    """What an answer lets pages of other origins do."""
    return {name: value for name, value in headers if name.lower().startswith("access-control-")}


@pytest.mark.parametrize(("origin", "who", "method"), ASKERS)
def test_s18_no_answer_of_ours_is_for_another_origin(app, origin, who, method):
    with app.test_client() as client:
        if who == "admin":
            sign_in(client, "admin")
        for door in OURS:
            answer = client.open(door, method=method, headers=asking(origin, method))
            assert permitted(answer.headers) == {}, door
            assert answer.status_code < 500


@pytest.mark.parametrize(("origin", "who", "method"), ASKERS)
def test_s18_behaviour_comes_in_from_any_origin_and_without_credentials(
    server, origin, who, method
):
    """``*`` for everybody alike: a browser sends no cookie there and lets no page read one."""
    cookie = {"Cookie": "jz_session=x"} if who == "admin" else {}
    for door in INTAKE:
        verb = "GET" if door.endswith("settings") and method == "POST" else method
        _, headers, _ = server.ask(verb, door, b"{}", asking(origin, method) | cookie)
        told = {name.lower(): value for name, value in permitted(headers.items()).items()}
        assert told.pop("access-control-allow-origin") == "*", door
        assert "access-control-allow-credentials" not in told, door
        assert "Set-Cookie" not in headers
