"""The tables of matching."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "ability_corrections",
        sa.Column("staff", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("staff", "tag", name=op.f("pk_ability_corrections")),
    )
    op.create_table(
        "affinities",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("leads", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_affinities")),
    )
    op.create_table(
        "offers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("rep", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("candidates", sa.String(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
    )
    op.create_index("ix_offers_handle", "offers", ["handle", "at"], unique=False)
    op.create_index(op.f("ix_offers_rep"), "offers", ["rep"], unique=False)


def _down_records() -> None:
    op.drop_index(op.f("ix_offers_rep"), table_name="offers")
    op.drop_index("ix_offers_handle", table_name="offers")
    op.drop_table("offers")
    op.drop_table("affinities")
    op.drop_table("ability_corrections")


def _up_people() -> None:
    op.create_table(
        "content_pairs",
        sa.Column("one", sa.String(), nullable=False),
        sa.Column("two", sa.String(), nullable=False),
        sa.Column("near", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("one", "two", name=op.f("pk_content_pairs")),
    )
    op.create_index(op.f("ix_content_pairs_two"), "content_pairs", ["two"], unique=False)
    op.create_table(
        "deals",
        sa.Column("rep", sa.String(), nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("rep", "material", "category", "product", name=op.f("pk_deals")),
    )
    op.create_table(
        "material_counts",
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("popular", sa.Double(), nullable=False),
        sa.Column("readers", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("clicked", sa.Integer(), nullable=False),
        sa.Column("moved", sa.BigInteger(), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("material", name=op.f("pk_material_counts")),
    )
    op.create_index(op.f("ix_material_counts_moved"), "material_counts", ["moved"], unique=False)
    op.create_index(op.f("ix_material_counts_stale"), "material_counts", ["stale"], unique=False)
    op.create_table(
        "neighbours",
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("keys", sa.LargeBinary(), nullable=False),
        sa.Column("strengths", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("material", name=op.f("pk_neighbours")),
    )
    op.create_table(
        "scoped_counts",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("popular", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "material", name=op.f("pk_scoped_counts")),
    )
    op.create_table(
        "trails",
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("steps", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("handle", name=op.f("pk_trails")),
    )


def _down_people() -> None:
    op.drop_table("trails")
    op.drop_table("scoped_counts")
    op.drop_table("neighbours")
    op.drop_index(op.f("ix_material_counts_stale"), table_name="material_counts")
    op.drop_index(op.f("ix_material_counts_moved"), table_name="material_counts")
    op.drop_table("material_counts")
    op.drop_table("deals")
    op.drop_index(op.f("ix_content_pairs_two"), table_name="content_pairs")
    op.drop_table("content_pairs")
