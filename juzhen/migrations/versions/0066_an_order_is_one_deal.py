"""An order is one deal of its rep's, and what is paid back is none."""

import sqlalchemy as sa
from alembic import op

revision = "0066"
down_revision = "0065"


def upgrade(part: str) -> None:
    if part == "people":
        _up_people()


def downgrade(part: str) -> None:
    if part == "people":
        _down_people()


def _up_people() -> None:
    op.create_table(
        "sales",
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("handle", name=op.f("pk_sales")),
    )


def _down_people() -> None:
    op.drop_table("sales")
