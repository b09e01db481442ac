"""How reps answered is counted by week."""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"

_BY_MOMENT = {"ix_offers_advised": "offers", "ix_touches_reps": "touches"}


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    for name, table in _BY_MOMENT.items():
        op.create_index(
            name,
            table,
            ["at", "handle"],
            unique=False,
            sqlite_where=sa.text("rep != ''"),
            postgresql_where=sa.text("rep != ''"),
        )


def _down_records() -> None:
    for name, table in _BY_MOMENT.items():
        op.drop_index(name, table_name=table)


def _up_people() -> None:
    op.create_table(
        "response_weeks",
        sa.Column("begins", sa.Date(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("acted", sa.Integer(), nullable=False),
        sa.Column("recommended", sa.Integer(), nullable=False),
        sa.Column("touched", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("begins", name=op.f("pk_response_weeks")),
    )


def _down_people() -> None:
    op.drop_table("response_weeks")
