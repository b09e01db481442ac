"""whose the stores elsewhere are."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "ownership",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_ownership")),
    )


def _down_records() -> None:
    op.drop_table("ownership")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
