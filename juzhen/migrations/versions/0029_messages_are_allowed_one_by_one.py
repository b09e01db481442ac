"""messages are allowed one by one."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "message_allowances",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.DateTime(timezone=True), nullable=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_allowances")),
    )
    with op.batch_alter_table("message_allowances", schema=None) as batch_op:
        batch_op.create_index(
            "ix_message_allowances_hers", ["handle", "template", "used"], unique=False
        )


def _down_records() -> None:
    with op.batch_alter_table("message_allowances", schema=None) as batch_op:
        batch_op.drop_index("ix_message_allowances_hers")

    op.drop_table("message_allowances")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
