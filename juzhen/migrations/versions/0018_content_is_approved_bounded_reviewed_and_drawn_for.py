"""content is approved bounded reviewed and drawn for."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("opens", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_by", sa.String(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    with op.batch_alter_table("approvals", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_approvals_material"), ["material"], unique=False)

    op.create_table(
        "bonds",
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("material", "subject", name=op.f("pk_bonds")),
    )
    with op.batch_alter_table("bonds", schema=None) as batch_op:
        batch_op.create_index("ix_bonds_subject", ["subject", "material"], unique=False)

    op.create_table(
        "bounds",
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("opens", sa.BigInteger(), nullable=False),
        sa.Column("closes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("material", "why", name=op.f("pk_bounds")),
    )
    op.create_table(
        "campaign_parameter_changes",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("campaign", sa.String(), nullable=False),
        sa.Column("parameter", sa.String(), nullable=False),
        sa.Column("old", sa.JSON(), nullable=False),
        sa.Column("new", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("undoes", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_parameter_changes")),
    )
    with op.batch_alter_table("campaign_parameter_changes", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_campaign_parameter_changes_campaign"), ["campaign"], unique=False
        )

    op.create_table(
        "campaign_parameters",
        sa.Column("campaign", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("low", sa.Double(), nullable=True),
        sa.Column("high", sa.Double(), nullable=True),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("campaign", "name", name=op.f("pk_campaign_parameters")),
    )
    op.create_table(
        "draws",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("campaign", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("won", sa.Boolean(), nullable=False),
        sa.Column("reward", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draws")),
        sa.UniqueConstraint("campaign", "handle", name="uq_draws_person"),
    )
    with op.batch_alter_table("draws", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_draws_handle"), ["handle"], unique=False)

    op.create_table(
        "fingerprints",
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("band", sa.Integer(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("whole", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("material", "kind", "band", name=op.f("pk_fingerprints")),
    )
    with op.batch_alter_table("fingerprints", schema=None) as batch_op:
        batch_op.create_index("ix_fingerprints_band", ["kind", "band", "value"], unique=False)

    op.create_table(
        "import_runs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("undone", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_runs")),
    )
    op.create_table(
        "imported_rows",
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run", "material", name=op.f("pk_imported_rows")),
    )
    op.create_table(
        "limited_price_purchases",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("campaign", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("price", sa.Double(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_limited_price_purchases")),
        sa.UniqueConstraint("campaign", "handle", name="uq_limited_price_person"),
        sa.UniqueConstraint("campaign", "rank", name="uq_limited_price_rank"),
    )
    with op.batch_alter_table("limited_price_purchases", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_limited_price_purchases_handle"), ["handle"], unique=False
        )

    op.create_table(
        "material_comments",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_material_comments")),
    )
    with op.batch_alter_table("material_comments", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_material_comments_material"), ["material"], unique=False
        )

    op.create_table(
        "material_mentions",
        sa.Column("staff", sa.String(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("staff", "comment", name=op.f("pk_material_mentions")),
    )
    op.create_table(
        "material_versions",
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("material", "number", name=op.f("pk_material_versions")),
    )
    op.create_table(
        "product_relations",
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("of", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("margin", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("product", "of", name=op.f("pk_product_relations")),
    )
    with op.batch_alter_table("product_relations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_product_relations_of"), ["of"], unique=False)

    op.create_table(
        "products",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("risk_level", sa.String(), nullable=False),
        sa.Column("price", sa.String(), nullable=False),
        sa.Column("benefit", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("sold_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sold_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("code", name=op.f("uq_products_code")),
    )
    with op.batch_alter_table("products", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_products_category"), ["category"], unique=False)

    op.create_table(
        "reviews",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reviews_material"), ["material"], unique=False)

    op.create_table(
        "terms",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("opens", sa.BigInteger(), nullable=False),
        sa.Column("closes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_terms")),
    )
    with op.batch_alter_table("terms", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_terms_closes"), ["closes"], unique=False)
        batch_op.create_index(batch_op.f("ix_terms_opens"), ["opens"], unique=False)

    op.create_table(
        "type_policies",
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("regulated", sa.Boolean(), nullable=False),
        sa.Column("risk_wording", sa.String(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("four_eyes", sa.Boolean(), nullable=False),
        sa.Column("must_wear", sa.JSON(), nullable=False),
        sa.Column("may_wear", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("type", name=op.f("pk_type_policies")),
    )
    op.create_table(
        "word_acknowledgements",
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("material", "word", name=op.f("pk_word_acknowledgements")),
    )
    op.create_table(
        "word_rules",
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("harmless", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_word_rules")),
    )
    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("operation", sa.String(), server_default="activity", nullable=False)
        )
        batch_op.add_column(sa.Column("task", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("proof", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("reward", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("move", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("shift", sa.Integer(), server_default="0", nullable=False))

    with op.batch_alter_table("materials", schema=None) as batch_op:
        batch_op.add_column(sa.Column("archived", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("media_files", schema=None) as batch_op:
        batch_op.add_column(sa.Column("look", sa.String(), server_default="", nullable=False))

    with op.batch_alter_table("placements", schema=None) as batch_op:
        batch_op.add_column(sa.Column("move", sa.String(), server_default="", nullable=False))


def _down_records() -> None:
    with op.batch_alter_table("placements", schema=None) as batch_op:
        batch_op.drop_column("move")

    with op.batch_alter_table("media_files", schema=None) as batch_op:
        batch_op.drop_column("look")

    with op.batch_alter_table("materials", schema=None) as batch_op:
        batch_op.drop_column("archived")

    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.drop_column("shift")
        batch_op.drop_column("move")
        batch_op.drop_column("reward")
        batch_op.drop_column("proof")
        batch_op.drop_column("task")
        batch_op.drop_column("operation")

    op.drop_table("word_rules")
    op.drop_table("word_acknowledgements")
    op.drop_table("type_policies")
    with op.batch_alter_table("terms", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_terms_opens"))
        batch_op.drop_index(batch_op.f("ix_terms_closes"))

    op.drop_table("terms")
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reviews_material"))

    op.drop_table("reviews")
    with op.batch_alter_table("products", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_products_category"))

    op.drop_table("products")
    with op.batch_alter_table("product_relations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_product_relations_of"))

    op.drop_table("product_relations")
    op.drop_table("material_versions")
    op.drop_table("material_mentions")
    with op.batch_alter_table("material_comments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_material_comments_material"))

    op.drop_table("material_comments")
    with op.batch_alter_table("limited_price_purchases", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_limited_price_purchases_handle"))

    op.drop_table("limited_price_purchases")
    op.drop_table("imported_rows")
    op.drop_table("import_runs")
    with op.batch_alter_table("fingerprints", schema=None) as batch_op:
        batch_op.drop_index("ix_fingerprints_band")

    op.drop_table("fingerprints")
    with op.batch_alter_table("draws", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_draws_handle"))

    op.drop_table("draws")
    op.drop_table("campaign_parameters")
    with op.batch_alter_table("campaign_parameter_changes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_campaign_parameter_changes_campaign"))

    op.drop_table("campaign_parameter_changes")
    op.drop_table("bounds")
    with op.batch_alter_table("bonds", schema=None) as batch_op:
        batch_op.drop_index("ix_bonds_subject")

    op.drop_table("bonds")
    with op.batch_alter_table("approvals", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_approvals_material"))

    op.drop_table("approvals")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
