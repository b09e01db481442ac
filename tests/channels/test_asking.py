"""What no answer means: ask again, or have somebody look."""

import pytest

from channels.base import Busy, Refused, Unanswered
from channels.outbound import Answer, Question, asked, fields

HOST = "https://api.example.com"


class Platform:
    """Answers the same whatever it is asked."""

    def __init__(self, told):
        self.told, self.heard = told, []

    def request(self, method, url, *, body=b"", headers=None):
        self.heard.append((method, url, body, headers))
        if isinstance(self.told, Exception):
            raise self.told
        return Answer(200, {}, self.told)


@pytest.mark.parametrize(
    ("told", "asked_again", "asked_once"),
    [
        (Unanswered("platform_did_not_answer"), Busy, Unanswered),
        (Busy("platform_busy", status=500), Busy, Unanswered),
        (Busy("platform_busy", status=502), Busy, Unanswered),
        (Busy("platform_busy", status=504), Busy, Unanswered),
        (Busy("platform_busy", status=503), Busy, Busy),
        (Busy("platform_busy", status=429), Busy, Busy),
        (Busy("platform_unreachable"), Busy, Busy),
        (Refused("address_not_allowed"), Refused, Refused),
        (b"<html>502</html>", Busy, Unanswered),
        (b'{"errcode": 0', Busy, Unanswered),
        (b"[]", Busy, Unanswered),
        (b"null", Busy, Unanswered),
        (b"", Busy, Unanswered),
    ],
)
def test_what_may_have_been_done_is_asked_again_only_where_that_does_no_harm(
    told, asked_again, asked_once
):
    for repeatable, failure in ((True, asked_again), (False, asked_once)):
        question = Question(path="/x", repeatable=repeatable)
        with pytest.raises(failure) as raised:
            fields(asked(Platform(told), HOST, question), question)
        assert type(raised.value) is failure


@pytest.mark.parametrize("body", [b'{"a": 1}', b'\xef\xbb\xbf{"a": 1}\n', b'[{"a": 1}]'])
def test_an_answer_is_read_with_what_gateways_put_around_it(body):
    question = Question(path="/x")
    assert fields(asked(Platform(body), HOST, question), question) == {"a": 1}


def test_whatever_signs_a_call_in_stands_beside_what_is_asked():
    platform = Platform(b"{}")
    question = Question.of_json("/send", {"words": "您好"})
    asked(platform, HOST, question.signed({"access_token": "t"}, {"X-Key": "k"}))
    asked(platform, HOST, Question(path="/look", query={"id": "1&2"}))
    (sent, looked) = platform.heard
    assert sent[:3] == ("POST", f"{HOST}/send?access_token=t", '{"words":"您好"}'.encode())
    assert sent[3] == {"Content-Type": "application/json; charset=utf-8", "X-Key": "k"}
    assert looked == ("GET", f"{HOST}/look?id=1%262", b"", {})
