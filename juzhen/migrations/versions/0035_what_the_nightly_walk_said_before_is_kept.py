"""what the nightly walk said before is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "roll",
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("handle", "about", name=op.f("pk_roll")),
    )


def _down_records() -> None:
    op.drop_table("roll")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
