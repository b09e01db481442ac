"""Tracked links are drawn as mini-program codes."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    with op.batch_alter_table("live_codes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stands_for", sa.String(), nullable=False, server_default=""))
        batch_op.create_index(batch_op.f("ix_live_codes_stands_for"), ["stands_for"], unique=False)


def _down_records() -> None:
    with op.batch_alter_table("live_codes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_live_codes_stands_for"))
        batch_op.drop_column("stands_for")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
