"""Passwords (口令): argon2id, loaded with the first sign-in. Knows no name, counts no failure."""

from __future__ import annotations

import secrets
from functools import cache

import argon2

from kernel.secret import Secret

# 19 MiB and two passes, as OWASP advises: the library's 64 MiB a sign-in would be half of what a
# web process may take.
_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hashed(password: Secret) -> str:
    return _HASHER.hash(password.reveal())


def fits(password: Secret, kept: str | None) -> bool:
    """Where nothing is kept the answer is no, and takes as long."""
    nobody = _nobody()  # asked for every time, so that the first takes no longer for some
    try:
        return _HASHER.verify(nobody if kept is None else kept, password.reveal())
    except argon2.exceptions.VerificationError:
        return False


@cache
def _nobody() -> str:
    """A password that nobody has."""
    return _HASHER.hash(secrets.token_hex(16))
