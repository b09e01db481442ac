"""Who brought whom, and what is owed for it."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"

_CENTS = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "referral_codes",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_referral_codes")),
    )
    with op.batch_alter_table("referral_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_referral_codes_handle"), ["handle"], unique=False)

    op.create_table(
        "referrals",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("inviter", sa.String(), nullable=False),
        sa.Column("invitee", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reward", sa.String(), nullable=False),
        sa.Column("refused", sa.String(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("spent", _CENTS, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referrals")),
        sa.UniqueConstraint("invitee", "code", name=op.f("uq_referrals_invitee_code")),
    )
    with op.batch_alter_table("referrals", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_referrals_inviter"), ["inviter"], unique=False)

    op.create_table(
        "reward_entries",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("inviter", sa.String(), nullable=False),
        sa.Column("referral", sa.String(), nullable=False),
        sa.Column("order", sa.String(), nullable=False),
        sa.Column("entry", sa.String(), nullable=False),
        sa.Column("cents", _CENTS, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward_entries")),
    )
    with op.batch_alter_table("reward_entries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reward_entries_inviter"), ["inviter"], unique=False)
        batch_op.create_index(batch_op.f("ix_reward_entries_order"), ["order"], unique=False)
        batch_op.create_index(batch_op.f("ix_reward_entries_referral"), ["referral"], unique=False)


def _down_records() -> None:
    with op.batch_alter_table("reward_entries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reward_entries_referral"))
        batch_op.drop_index(batch_op.f("ix_reward_entries_order"))
        batch_op.drop_index(batch_op.f("ix_reward_entries_inviter"))

    op.drop_table("reward_entries")
    with op.batch_alter_table("referrals", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_referrals_inviter"))

    op.drop_table("referrals")
    with op.batch_alter_table("referral_codes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_referral_codes_handle"))

    op.drop_table("referral_codes")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
