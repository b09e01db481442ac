"""The tables of data_hub."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "consents",
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("wording", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("handle", "purpose", "channel", name=op.f("pk_consents")),
    )
    op.create_table(
        "identity_rulings",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("one", sa.String(), nullable=False),
        sa.Column("other", sa.String(), nullable=False),
        sa.Column("same", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_rulings")),
    )
    op.create_index(op.f("ix_identity_rulings_one"), "identity_rulings", ["one"], unique=False)
    op.create_index(op.f("ix_identity_rulings_other"), "identity_rulings", ["other"], unique=False)
    op.create_table(
        "relations",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("staff", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relations")),
    )
    op.create_index(op.f("ix_relations_handle"), "relations", ["handle"], unique=False)
    op.create_index(op.f("ix_relations_staff"), "relations", ["staff"], unique=False)
    op.create_table(
        "staff",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("post", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("persona", sa.JSON(), nullable=False),
        sa.Column("licences", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("code", name=op.f("uq_staff_code")),
    )
    op.create_index(op.f("ix_staff_unit"), "staff", ["unit"], unique=False)
    op.create_table(
        "topic_stamps",
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("material", "since", name=op.f("pk_topic_stamps")),
    )
    op.create_table(
        "units",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("parent", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
        sa.UniqueConstraint("code", name=op.f("uq_units_code")),
    )
    op.create_index(op.f("ix_units_parent"), "units", ["parent"], unique=False)


def _down_records() -> None:
    op.drop_index(op.f("ix_units_parent"), table_name="units")
    op.drop_table("units")
    op.drop_table("topic_stamps")
    op.drop_index(op.f("ix_staff_unit"), table_name="staff")
    op.drop_table("staff")
    op.drop_index(op.f("ix_relations_staff"), table_name="relations")
    op.drop_index(op.f("ix_relations_handle"), table_name="relations")
    op.drop_table("relations")
    op.drop_index(op.f("ix_identity_rulings_other"), table_name="identity_rulings")
    op.drop_index(op.f("ix_identity_rulings_one"), table_name="identity_rulings")
    op.drop_table("identity_rulings")
    op.drop_table("consents")


def _up_people() -> None:
    op.create_table(
        "findings",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("rep", sa.String(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_findings")),
        sa.UniqueConstraint("key", name=op.f("uq_findings_key")),
    )
    op.create_index(op.f("ix_findings_handle"), "findings", ["handle"], unique=False)
    op.create_table(
        "identity_edges",
        sa.Column("one", sa.String(), nullable=False),
        sa.Column("other", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("one", "other", name=op.f("pk_identity_edges")),
    )
    op.create_index(op.f("ix_identity_edges_other"), "identity_edges", ["other"], unique=False)
    op.create_index(op.f("ix_identity_edges_refused"), "identity_edges", ["refused"], unique=False)
    op.create_table(
        "known_handles",
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("own", sa.String(), nullable=False),
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("handle", name=op.f("pk_known_handles")),
        sa.UniqueConstraint("own", name=op.f("uq_known_handles_own")),
    )
    op.create_index(op.f("ix_known_handles_customer"), "known_handles", ["customer"], unique=False)
    op.create_index(op.f("ix_known_handles_region"), "known_handles", ["region"], unique=False)
    op.create_index(op.f("ix_known_handles_value"), "known_handles", ["value"], unique=False)
    op.create_table(
        "profiles",
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("customer", name=op.f("pk_profiles")),
    )
    op.create_index(op.f("ix_profiles_last_at"), "profiles", ["last_at"], unique=False)
    op.create_index(op.f("ix_profiles_name"), "profiles", ["name"], unique=False)
    op.create_index(op.f("ix_profiles_phone"), "profiles", ["phone"], unique=False)


def _down_people() -> None:
    op.drop_index(op.f("ix_profiles_phone"), table_name="profiles")
    op.drop_index(op.f("ix_profiles_name"), table_name="profiles")
    op.drop_index(op.f("ix_profiles_last_at"), table_name="profiles")
    op.drop_table("profiles")
    op.drop_index(op.f("ix_known_handles_value"), table_name="known_handles")
    op.drop_index(op.f("ix_known_handles_region"), table_name="known_handles")
    op.drop_index(op.f("ix_known_handles_customer"), table_name="known_handles")
    op.drop_table("known_handles")
    op.drop_index(op.f("ix_identity_edges_refused"), table_name="identity_edges")
    op.drop_index(op.f("ix_identity_edges_other"), table_name="identity_edges")
    op.drop_table("identity_edges")
    op.drop_index(op.f("ix_findings_handle"), table_name="findings")
    op.drop_table("findings")
