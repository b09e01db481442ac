"""WeCom: members, live codes, welcomes, rep cards."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "live_codes",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("reps", sa.JSON(), nullable=False),
        sa.Column("confirm", sa.Boolean(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("campaign", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("picture", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dropped", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_codes")),
        sa.UniqueConstraint("account", "state", name=op.f("uq_live_codes_account_state")),
    )
    with op.batch_alter_table("live_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_live_codes_next_at"), ["next_at"], unique=False)

    op.create_table(
        "platform_members",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("userid", sa.String(), nullable=False),
        sa.Column("staff", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account", "userid", name=op.f("pk_platform_members")),
    )
    with op.batch_alter_table("platform_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_platform_members_staff"), ["staff"], unique=False)

    op.create_table(
        "rep_cards",
        sa.Column("reminder", sa.String(), nullable=False),
        sa.Column("staff", sa.String(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("told", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("reminder", name=op.f("pk_rep_cards")),
    )
    with op.batch_alter_table("rep_cards", schema=None) as batch_op:
        batch_op.create_index("ix_rep_cards_due", ["next_at", "reminder"], unique=False)

    op.create_table(
        "welcomes",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("rep", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("settled", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_welcomes")),
    )
    with op.batch_alter_table("welcomes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_welcomes_next_at"), ["next_at"], unique=False)


def _down_records() -> None:
    with op.batch_alter_table("welcomes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_welcomes_next_at"))

    op.drop_table("welcomes")
    with op.batch_alter_table("rep_cards", schema=None) as batch_op:
        batch_op.drop_index("ix_rep_cards_due")

    op.drop_table("rep_cards")
    with op.batch_alter_table("platform_members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_platform_members_staff"))

    op.drop_table("platform_members")
    with op.batch_alter_table("live_codes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_live_codes_next_at"))

    op.drop_table("live_codes")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
