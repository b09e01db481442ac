"""materials say it otherwise."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    with op.batch_alter_table("materials", schema=None) as batch_op:
        batch_op.add_column(sa.Column("variants", sa.JSON(), nullable=False, server_default="{}"))


def _down_records() -> None:
    with op.batch_alter_table("materials", schema=None) as batch_op:
        batch_op.drop_column("variants")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
