"""How far a file is, and taking it back is stopped."""

import sqlalchemy as sa
from alembic import op

revision = "0065"
down_revision = "0064"

_NUMBERS = ("total", "since_at")
_MOMENTS = ("since", "moved", "held")


def upgrade(part: str) -> None:
    if part == "records":
        _up_records()


def downgrade(part: str) -> None:
    if part == "records":
        _down_records()


def _up_records() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    for name in _NUMBERS:
        op.add_column("file_runs", sa.Column(name, number, nullable=False, server_default="0"))
    for name in _MOMENTS:
        op.add_column("file_runs", sa.Column(name, sa.DateTime(timezone=True), nullable=True))


def _down_records() -> None:
    for name in (*_MOMENTS, *_NUMBERS):
        op.drop_column("file_runs", name)
