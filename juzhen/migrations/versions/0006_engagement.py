"""The tables of engagement."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "reminders",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("staff", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("cycle", sa.String(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("opened", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminders")),
        sa.UniqueConstraint("staff", "kind", "handle", "cycle", name="uq_reminders_cycle"),
    )
    op.create_index("ix_reminders_page", "reminders", ["staff", "due", "id"], unique=False)
    op.create_index(
        "ix_reminders_unread", "reminders", ["staff", "opened", "done", "due"], unique=False
    )


def _down_records() -> None:
    op.drop_index("ix_reminders_unread", table_name="reminders")
    op.drop_index("ix_reminders_page", table_name="reminders")
    op.drop_table("reminders")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
