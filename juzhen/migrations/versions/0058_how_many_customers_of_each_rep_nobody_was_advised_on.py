"""How many customers of each rep nobody was advised on."""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"


def upgrade(part: str) -> None:
    if part == "people":
        _up_people()


def downgrade(part: str) -> None:
    if part == "people":
        _down_people()


def _up_people() -> None:
    op.create_table(
        "rep_coverage",
        sa.Column("staff", sa.String(), nullable=False),
        sa.Column("entrusted", sa.Integer(), nullable=False),
        sa.Column("never", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("staff", name=op.f("pk_rep_coverage")),
    )


def _down_people() -> None:
    op.drop_table("rep_coverage")
