"""The tables of content_hub."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("opens", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("code", name=op.f("uq_campaigns_code")),
    )
    op.create_index(op.f("ix_campaigns_opens"), "campaigns", ["opens"], unique=False)
    op.create_table(
        "content_types",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("zh", sa.String(), nullable=False),
        sa.Column("en", sa.String(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("tracking", sa.JSON(), nullable=False),
        sa.Column("channels", sa.JSON(), nullable=False),
        sa.Column("needs", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_content_types")),
    )
    op.create_table(
        "materials",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("cover", sa.String(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source_platform", sa.String(), nullable=True),
        sa.Column("source_id", sa.String(), nullable=True),
        sa.Column("source_url", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_materials")),
        sa.UniqueConstraint("code", name=op.f("uq_materials_code")),
        sa.UniqueConstraint("source_platform", "source_id", name="uq_materials_source"),
    )
    op.create_index("ix_materials_type", "materials", ["type", "id"], unique=False)
    op.create_table(
        "media_files",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("taken_by", sa.String(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_files")),
        sa.UniqueConstraint("digest", name=op.f("uq_media_files_digest")),
    )
    op.create_table(
        "media_renditions",
        sa.Column("media", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("media", "name", name=op.f("pk_media_renditions")),
    )
    op.create_table(
        "placements",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("opens", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes", sa.DateTime(timezone=True), nullable=False),
        sa.Column("placed_by", sa.String(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("campaign", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("retired", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_placements")),
    )
    op.create_index("ix_placements_account", "placements", ["account", "opens"], unique=False)
    op.create_index(op.f("ix_placements_campaign"), "placements", ["campaign"], unique=False)
    op.create_index(op.f("ix_placements_closes"), "placements", ["closes"], unique=False)
    op.create_index(op.f("ix_placements_opens"), "placements", ["opens"], unique=False)
    op.create_index("ix_placements_place", "placements", ["material", "account"], unique=False)
    op.create_table(
        "shelf_documents",
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("direct", sa.JSON(), nullable=False),
        sa.Column("above", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("material", name=op.f("pk_shelf_documents")),
    )
    op.create_table(
        "shelf_rows",
        sa.Column("placement", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("direct", sa.Boolean(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("opens", sa.BigInteger(), nullable=False),
        sa.Column("closes", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("placement", "tag", name=op.f("pk_shelf_rows")),
    )
    op.create_index(
        "ix_shelf_rows_closes",
        "shelf_rows",
        ["closes"],
        unique=False,
        sqlite_where=sa.text("tag = ''"),
        postgresql_where=sa.text("tag = ''"),
    )
    op.create_index(
        "ix_shelf_rows_find",
        "shelf_rows",
        ["account", "tag", "opens", "placement", "closes", "unit", "type", "slot"],
        unique=False,
    )
    op.create_index(
        "ix_shelf_rows_material",
        "shelf_rows",
        ["material", "tag", "account", "opens", "closes"],
        unique=False,
    )
    op.create_index(
        "ix_shelf_rows_opens",
        "shelf_rows",
        ["opens"],
        unique=False,
        sqlite_where=sa.text("tag = ''"),
        postgresql_where=sa.text("tag = ''"),
    )
    op.create_table(
        "slots",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("types", sa.JSON(), nullable=False),
        sa.Column("fallback", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account", "code", name=op.f("pk_slots")),
    )
    op.create_table(
        "taggings",
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("material", "tag", name=op.f("pk_taggings")),
    )
    op.create_index("ix_taggings_tag", "taggings", ["tag", "material"], unique=False)
    op.create_table(
        "tags",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("facet", sa.String(), nullable=False),
        sa.Column("zh", sa.String(), nullable=False),
        sa.Column("en", sa.String(), nullable=False),
        sa.Column("synonyms", sa.JSON(), nullable=False),
        sa.Column("pinyin", sa.String(), nullable=False),
        sa.Column("parent", sa.String(), nullable=True),
        sa.Column("merged_into", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("code", name=op.f("uq_tags_code")),
    )
    op.create_index(op.f("ix_tags_facet"), "tags", ["facet"], unique=False)


def _down_records() -> None:
    op.drop_index(op.f("ix_tags_facet"), table_name="tags")
    op.drop_table("tags")
    op.drop_index("ix_taggings_tag", table_name="taggings")
    op.drop_table("taggings")
    op.drop_table("slots")
    op.drop_index(
        "ix_shelf_rows_opens",
        table_name="shelf_rows",
        sqlite_where=sa.text("tag = ''"),
        postgresql_where=sa.text("tag = ''"),
    )
    op.drop_index("ix_shelf_rows_material", table_name="shelf_rows")
    op.drop_index("ix_shelf_rows_find", table_name="shelf_rows")
    op.drop_index(
        "ix_shelf_rows_closes",
        table_name="shelf_rows",
        sqlite_where=sa.text("tag = ''"),
        postgresql_where=sa.text("tag = ''"),
    )
    op.drop_table("shelf_rows")
    op.drop_table("shelf_documents")
    op.drop_index("ix_placements_place", table_name="placements")
    op.drop_index(op.f("ix_placements_opens"), table_name="placements")
    op.drop_index(op.f("ix_placements_closes"), table_name="placements")
    op.drop_index(op.f("ix_placements_campaign"), table_name="placements")
    op.drop_index("ix_placements_account", table_name="placements")
    op.drop_table("placements")
    op.drop_table("media_renditions")
    op.drop_table("media_files")
    op.drop_index("ix_materials_type", table_name="materials")
    op.drop_table("materials")
    op.drop_table("content_types")
    op.drop_index(op.f("ix_campaigns_opens"), table_name="campaigns")
    op.drop_table("campaigns")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
