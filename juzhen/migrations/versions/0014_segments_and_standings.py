"""segments and standings."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "grade_rulings",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("grade", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grade_rulings")),
    )
    with op.batch_alter_table("grade_rulings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_grade_rulings_handle"), ["handle"], unique=False)

    op.create_table(
        "segment_lists",
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("segment", "handle", name=op.f("pk_segment_lists")),
    )
    with op.batch_alter_table("segment_lists", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_segment_lists_handle"), ["handle"], unique=False)

    op.create_table(
        "segments",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("static", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("retired", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments")),
        sa.UniqueConstraint("code", name=op.f("uq_segments_code")),
    )


def _down_records() -> None:
    op.drop_table("segments")
    with op.batch_alter_table("segment_lists", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_segment_lists_handle"))

    op.drop_table("segment_lists")
    with op.batch_alter_table("grade_rulings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_grade_rulings_handle"))

    op.drop_table("grade_rulings")


def _up_people() -> None:
    op.create_table(
        "prediction_models",
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("buyers", sa.Integer(), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.Column("spend", sa.Double(), nullable=False),
        sa.Column("tested", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("made", name=op.f("pk_prediction_models")),
    )
    op.create_table(
        "segment_fills",
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("through", sa.String(), nullable=False),
        sa.Column("done", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("segment", name=op.f("pk_segment_fills")),
    )
    op.create_table(
        "segment_members",
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("segment", "customer", name=op.f("pk_segment_members")),
    )
    with op.batch_alter_table("segment_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_segment_members_customer"), ["customer"], unique=False)

    op.create_table(
        "standings",
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("node_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("stage_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("grade", sa.String(), nullable=False),
        sa.Column("grade_reason", sa.String(), nullable=False),
        sa.Column("desire", sa.String(), nullable=False),
        sa.Column("began", sa.DateTime(timezone=True), nullable=False),
        sa.Column("occasions", sa.Integer(), nullable=False),
        sa.Column("first_bought", sa.Double(), nullable=False),
        sa.Column("last_bought", sa.Double(), nullable=False),
        sa.Column("spent", sa.Double(), nullable=False),
        sa.Column("gaps", sa.Integer(), nullable=False),
        sa.Column("gap_sum", sa.Double(), nullable=False),
        sa.Column("gap_squares", sa.Double(), nullable=False),
        sa.Column("expected", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expected_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expected_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("customer", name=op.f("pk_standings")),
    )
    with op.batch_alter_table("standings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_standings_due"), ["due"], unique=False)
        batch_op.create_index(batch_op.f("ix_standings_expected"), ["expected"], unique=False)
        batch_op.create_index(batch_op.f("ix_standings_grade"), ["grade"], unique=False)
        batch_op.create_index(batch_op.f("ix_standings_node"), ["node"], unique=False)
        batch_op.create_index(batch_op.f("ix_standings_occasions"), ["occasions"], unique=False)
        batch_op.create_index(batch_op.f("ix_standings_stage"), ["stage"], unique=False)

    op.create_table(
        "transitions",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("after", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_transitions")),
        sa.UniqueConstraint("key", name=op.f("uq_transitions_key")),
    )
    with op.batch_alter_table("transitions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_transitions_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_transitions_customer"), ["customer"], unique=False)
        batch_op.create_index(batch_op.f("ix_transitions_what"), ["what"], unique=False)

    op.create_table(
        "vip_weeks",
        sa.Column("week", sa.String(), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("buyers", sa.Integer(), nullable=False),
        sa.Column("chosen", sa.Integer(), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("brought", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("week", name=op.f("pk_vip_weeks")),
    )
    op.create_table(
        "vips",
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("customer", name=op.f("pk_vips")),
    )


def _down_people() -> None:
    op.drop_table("vips")
    op.drop_table("vip_weeks")
    with op.batch_alter_table("transitions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_transitions_what"))
        batch_op.drop_index(batch_op.f("ix_transitions_customer"))
        batch_op.drop_index(batch_op.f("ix_transitions_at"))

    op.drop_table("transitions")
    with op.batch_alter_table("standings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_standings_stage"))
        batch_op.drop_index(batch_op.f("ix_standings_occasions"))
        batch_op.drop_index(batch_op.f("ix_standings_node"))
        batch_op.drop_index(batch_op.f("ix_standings_grade"))
        batch_op.drop_index(batch_op.f("ix_standings_expected"))
        batch_op.drop_index(batch_op.f("ix_standings_due"))

    op.drop_table("standings")
    with op.batch_alter_table("segment_members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_segment_members_customer"))

    op.drop_table("segment_members")
    op.drop_table("segment_fills")
    op.drop_table("prediction_models")
