"""Tags of ours are kept on platforms; codes lead into groups."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "shared_facets",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("facet", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("account", "facet", name=op.f("pk_shared_facets")),
    )
    op.create_table(
        "shared_tags",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account", "tag", name=op.f("pk_shared_tags")),
    )
    with op.batch_alter_table("live_codes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("groups", sa.JSON(), nullable=False, server_default="[]"))


def _down_records() -> None:
    with op.batch_alter_table("live_codes", schema=None) as batch_op:
        batch_op.drop_column("groups")

    op.drop_table("shared_tags")
    op.drop_table("shared_facets")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
