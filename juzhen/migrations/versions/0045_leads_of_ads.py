"""What platforms of ads were told of their leads is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "ad_leads",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("lead", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("left", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account", "lead", name=op.f("pk_ad_leads")),
    )
    with op.batch_alter_table("ad_leads", schema=None) as batch_op:
        batch_op.create_index("ix_ad_leads_due", ["next_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_ad_leads_handle"), ["handle"], unique=False)


def _down_records() -> None:
    with op.batch_alter_table("ad_leads", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ad_leads_handle"))
        batch_op.drop_index("ix_ad_leads_due")

    op.drop_table("ad_leads")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
