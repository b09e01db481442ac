"""A secret never prints itself."""

import json
import traceback

import pytest

from kernel.secret import Secret


def test_it_shows_nowhere_but_where_it_is_revealed():
    secret = Secret("hunter2-hunter2")
    told = [repr(secret), str(secret), f"{secret}", f"{[secret]}", "%s %r" % (secret, secret)]  # noqa: UP031 - one of the ways
    assert "hunter2" not in " ".join(told)
    assert secret.reveal() == "hunter2-hunter2"


def test_it_shows_in_no_traceback_with_locals():
    secret = Secret("hunter2-hunter2")
    try:
        raise ValueError(secret)
    except ValueError as error:
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
    assert "***" in "".join(told.format())
    assert "hunter2-hunter2" not in repr(secret.__class__.__slots__)


def test_it_does_not_slip_into_json():
    with pytest.raises(TypeError):
        json.dumps({"token": Secret("hunter2")})


def test_secrets_compare_and_are_empty_like_texts():
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert Secret("a")
    assert not Secret("")
