"""a creator grants us her account."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "creator_grants",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("asked", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("creator", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=True),
        sa.Column("renewals", sa.Integer(), nullable=False),
        sa.Column("granted", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_creator_grants")),
    )
    op.create_table(
        "creator_posts",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("begun", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uploaded", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_creator_posts")),
    )
    with op.batch_alter_table("creator_posts", schema=None) as batch_op:
        batch_op.create_index("ix_creator_posts_item", ["account", "item"], unique=False)

    op.create_table(
        "creator_talks",
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("conversation", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("handle", name=op.f("pk_creator_talks")),
    )


def _down_records() -> None:
    op.drop_table("creator_talks")
    with op.batch_alter_table("creator_posts", schema=None) as batch_op:
        batch_op.drop_index("ix_creator_posts_item")

    op.drop_table("creator_posts")
    op.drop_table("creator_grants")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
