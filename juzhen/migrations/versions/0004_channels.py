"""The tables of channels."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "access_tokens",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fetched", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_access_tokens")),
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ecosystem", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("write_key", sa.String(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_reason", sa.String(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("code", name=op.f("uq_accounts_code")),
        sa.UniqueConstraint("write_key", name=op.f("uq_accounts_write_key")),
    )
    op.create_table(
        "breakers",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shut_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_breakers")),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column("placement", sa.String(), nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("rep", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("progress", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_sent", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_sent", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "account", "target", "occasion", name=op.f("uq_deliveries_account_target_occasion")
        ),
    )
    op.create_index(op.f("ix_deliveries_material"), "deliveries", ["material"], unique=False)
    op.create_index(op.f("ix_deliveries_placement"), "deliveries", ["placement"], unique=False)
    op.create_index("ix_deliveries_queue", "deliveries", ["state", "next_at"], unique=False)
    op.create_index("ix_deliveries_ref", "deliveries", ["account", "ref"], unique=False)
    op.create_index(op.f("ix_deliveries_target"), "deliveries", ["target"], unique=False)
    op.create_index("ix_deliveries_up", "deliveries", ["account", "progress"], unique=False)
    op.create_table(
        "inbox_messages",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("cover", sa.String(), nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_messages")),
    )
    op.create_index("ix_inbox_messages_handle", "inbox_messages", ["handle", "id"], unique=False)
    op.create_table(
        "rate_buckets",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_rate_buckets")),
    )
    op.create_table(
        "strangers",
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("followed", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("handle", name=op.f("pk_strangers")),
    )
    op.create_index(op.f("ix_strangers_next_at"), "strangers", ["next_at"], unique=False)
    op.create_table(
        "uploads",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("told", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", "purpose", "digest", name=op.f("pk_uploads")),
    )


def _down_records() -> None:
    op.drop_table("uploads")
    op.drop_index(op.f("ix_strangers_next_at"), table_name="strangers")
    op.drop_table("strangers")
    op.drop_table("rate_buckets")
    op.drop_index("ix_inbox_messages_handle", table_name="inbox_messages")
    op.drop_table("inbox_messages")
    op.drop_index("ix_deliveries_up", table_name="deliveries")
    op.drop_index(op.f("ix_deliveries_target"), table_name="deliveries")
    op.drop_index("ix_deliveries_ref", table_name="deliveries")
    op.drop_index("ix_deliveries_queue", table_name="deliveries")
    op.drop_index(op.f("ix_deliveries_placement"), table_name="deliveries")
    op.drop_index(op.f("ix_deliveries_material"), table_name="deliveries")
    op.drop_table("deliveries")
    op.drop_table("breakers")
    op.drop_table("accounts")
    op.drop_table("access_tokens")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
