"""touches are counted and capped."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "mood_holds",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mood_holds")),
        sa.UniqueConstraint("source", name=op.f("uq_mood_holds_source")),
    )
    with op.batch_alter_table("mood_holds", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mood_holds_handle"), ["handle"], unique=False)

    op.create_table(
        "touch_settings",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("changed", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_touch_settings")),
    )
    op.create_table(
        "touches",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("promo", sa.Boolean(), nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("campaign", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("forced", sa.Boolean(), nullable=False),
        sa.Column("rep", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_touches")),
    )
    with op.batch_alter_table("touches", schema=None) as batch_op:
        batch_op.create_index("ix_touches_handle", ["handle", "day"], unique=False)
        batch_op.create_index(batch_op.f("ix_touches_material"), ["material"], unique=False)


def _down_records() -> None:
    with op.batch_alter_table("touches", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_touches_material"))
        batch_op.drop_index("ix_touches_handle")

    op.drop_table("touches")
    op.drop_table("touch_settings")
    with op.batch_alter_table("mood_holds", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mood_holds_handle"))

    op.drop_table("mood_holds")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
