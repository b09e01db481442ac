"""An import of customers, orders or events is taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"

_NUMBERS = ("behind", "undone_to", "counted")
_MOMENTS = ("undoing", "undone")


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    for name in _NUMBERS:
        op.add_column("file_runs", sa.Column(name, number, nullable=False, server_default="0"))
    for name in _MOMENTS:
        op.add_column("file_runs", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    by = sa.Column("undone_by", sa.String(), nullable=False, server_default="")
    op.add_column("file_runs", by)
    told = sa.Column("taken_back", sa.JSON(), nullable=False, server_default="{}")
    op.add_column("file_runs", told)


def _down_records() -> None:
    for name in ("taken_back", "undone_by", *_MOMENTS, *_NUMBERS):
        op.drop_column("file_runs", name)


def _up_people() -> None:
    op.create_table(
        "taking_back",
        sa.Column("handle", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("handle", name=op.f("pk_taking_back")),
    )


def _down_people() -> None:
    op.drop_table("taking_back")
