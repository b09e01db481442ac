"""The square in which a customer was last is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    pass


def _down_records() -> None:
    pass


def _up_people() -> None:
    with op.batch_alter_table("profiles", schema=None) as batch_op:
        batch_op.add_column(sa.Column("cell", sa.String(), nullable=True))
        batch_op.create_index("ix_profiles_cell", ["cell", "last_at", "customer"], unique=False)


def _down_people() -> None:
    with op.batch_alter_table("profiles", schema=None) as batch_op:
        batch_op.drop_index("ix_profiles_cell")
        batch_op.drop_column("cell")
