"""Object types (对象类型): graphene's, as names and descriptions only."""

from __future__ import annotations

from typing import Any

import graphene
from graphene.types.objecttype import ObjectTypeMeta


class _NamesOnly(ObjectTypeMeta):
    """graphene writes a dataclass for every type, so that one can be made and answered. Here the
    resolvers answer with the rooms' own records: 260 dataclasses less are a twentieth of a start.
    """

    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **told: Any
    ) -> type:
        made: type = super(ObjectTypeMeta, cls).__new__(cls, name, bases, namespace, **told)
        return made


class ObjectType(graphene.ObjectType, metaclass=_NamesOnly):
    """Told apart by what it describes; never made."""

    class Meta:
        abstract = True
