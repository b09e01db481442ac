"""ways in are codes or links."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    with op.batch_alter_table("live_codes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(), nullable=False, server_default="code"))
        batch_op.add_column(sa.Column("address", sa.String(), nullable=False, server_default=""))


def _down_records() -> None:
    with op.batch_alter_table("live_codes", schema=None) as batch_op:
        batch_op.drop_column("address")
        batch_op.drop_column("kind")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
