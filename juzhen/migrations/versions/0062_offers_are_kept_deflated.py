"""Offers are kept deflated."""

import zlib

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"

_TOGETHER = 200


def upgrade(part: str) -> None:
    """Nothing changes where it stands: those of before stay as they are, and can be read."""


def downgrade(part: str) -> None:
    """The version before reads plain text."""
    if part == "records" and op.get_bind().dialect.name == "sqlite":
        while _inflated():
            pass


def _inflated() -> int:
    """So many of them are plain now."""
    wanted = "SELECT id, items FROM offers WHERE typeof(items) = 'blob' LIMIT :most"
    told = op.get_bind().execute(sa.text(wanted), {"most": _TOGETHER}).all()
    plain = [{"id": id_, "items": zlib.decompress(items).decode()} for id_, items in told]
    if plain:
        op.get_bind().execute(sa.text("UPDATE offers SET items = :items WHERE id = :id"), plain)
    return len(plain)
