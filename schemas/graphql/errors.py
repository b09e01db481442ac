"""What GraphQL says when something went wrong (错误表): the one table of this door.

Codes are `kernel.errors.Problem.code`, the same as on every other door. No answer repeats the
document, and what nobody foresaw is logged here and told as `FAILED`, without a word more.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from graphql import GraphQLError

from kernel.errors import Conflict, Invalid, Problem
from kernel.wording import say

FAILED = "failed"
"""Our fault, on this door as on every other."""
_log = logging.getLogger(__name__)


def told(error: GraphQLError, language: str) -> dict[str, Any]:
    """One entry of ``errors``."""
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if isinstance(cause, Problem):
        entry = _of_problem(cause, language)
    elif cause is None or isinstance(cause, GraphQLError):
        entry = {"message": error.message[:400], "extensions": {"code": Invalid.code}}
    else:
        _log.error("a resolver failed at %s", error.path, exc_info=cause)
        entry = {
            "message": say("something_went_wrong", language),
            "extensions": {"code": FAILED},
        }
    if error.locations:
        entry["locations"] = [place.formatted for place in error.locations]
    if error.path is not None:
        entry["path"] = error.path
    return entry


def refused(problem: Problem, language: str) -> dict[str, Any]:
    """The whole response when nothing was executed."""
    return {"errors": [_of_problem(problem, language)]}


def _of_problem(problem: Problem, language: str) -> dict[str, Any]:
    extensions: dict[str, Any] = {"code": problem.code, "reason": problem.reason}
    if isinstance(problem, Invalid):
        extensions["errors"] = list(flaws(problem, language))
    return {"message": problem.message(language), "extensions": extensions}


def flaws(problem: Problem, language: str) -> Iterable[dict[str, str]]:
    """``problems`` of a mutation's payload: what the asker can put right herself."""
    if isinstance(problem, Invalid):
        for flaw in problem.flaws:
            yield {"field": flaw.field, "code": flaw.reason, "message": flaw.message(language)}
    elif isinstance(problem, Conflict):
        message = problem.message(language)
        yield {"field": problem.field, "code": problem.reason, "message": message}
