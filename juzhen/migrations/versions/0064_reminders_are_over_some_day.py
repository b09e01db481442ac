"""Reminders are over some day."""

import sqlalchemy as sa
from alembic import op

revision = "0064"
down_revision = "0063"


def upgrade(part: str) -> None:
    if part == "records":
        _up_records()


def downgrade(part: str) -> None:
    if part == "records":
        _down_records()


def _up_records() -> None:
    op.add_column("reminders", sa.Column("ends", sa.DateTime(timezone=True), nullable=True))


def _down_records() -> None:
    op.drop_column("reminders", "ends")
