"""What rules reached is a fold of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    pass


def _down_records() -> None:
    pass


def _up_people() -> None:
    op.create_table(
        "rule_reach",
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leads", sa.Boolean(), nullable=False),
        sa.Column("bought_after", sa.Boolean(), nullable=False),
        sa.Column("bought_before", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("rule", "handle", name=op.f("pk_rule_reach")),
    )
    with op.batch_alter_table("rule_reach", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rule_reach_handle"), ["handle"], unique=False)
    op.create_table(
        "rule_effects",
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("bought_after", sa.Integer(), nullable=False),
        sa.Column("bought_before", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("rule", name=op.f("pk_rule_effects")),
    )


def _down_people() -> None:
    op.drop_table("rule_effects")
    with op.batch_alter_table("rule_reach", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rule_reach_handle"))

    op.drop_table("rule_reach")
