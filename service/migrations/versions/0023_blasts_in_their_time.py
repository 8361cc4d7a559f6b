"""blasts: whole audiences, a time to go, a first part, a second subject, approval, and the rules for all"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"

BEFORE = ("draft", "sending", "paused", "sent", "cancelled")
STATES = ("draft", "awaiting", "scheduled", "sending", "paused", "sent", "cancelled", "expired")


def _states(names: tuple[str, ...]) -> str:
    return f"state IN ({', '.join(repr(name) for name in names)})"


def upgrade() -> None:
    op.drop_constraint(op.f("ck_blasts_blaststate"), "blasts")
    op.create_check_constraint(op.f("ck_blasts_blaststate"), "blasts", _states(STATES))
    for name in ("audience", "plan"):
        op.add_column("blasts", sa.Column(name, postgresql.JSONB(), server_default="{}", nullable=False))
    for name in ("subject_b", "ended_because"):
        op.add_column("blasts", sa.Column(name, sa.Text(), server_default="", nullable=False))
    for name in ("send_at", "scheduled_at", "held_until", "released_at", "archived_at"):
        op.add_column("blasts", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    for name in ("requested_by", "approved_by", "winner"):
        op.add_column("blasts", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("blasts", sa.Column("watched", sa.Boolean(), server_default="true", nullable=False))
    op.create_index(
        "ix_blasts_waiting",
        "blasts",
        ["send_at"],
        postgresql_where=sa.text("state IN ('awaiting', 'scheduled')"),
    )
    op.add_column("segments", sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "blast_rules",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("typed_above", sa.BigInteger(), nullable=False),
        sa.Column("second_person_above", sa.BigInteger(), nullable=True),
        sa.Column("cap_hours", sa.BigInteger(), nullable=False),
        sa.Column("error_percent", sa.Float(), nullable=False),
        sa.Column("bounce_percent", sa.Float(), nullable=False),
        sa.Column("complaint_percent", sa.Float(), nullable=False),
        sa.Column("undo_seconds", sa.BigInteger(), server_default="60", nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_blast_rules_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blast_rules")),
    )
    op.create_table(
        "blast_links",
        sa.Column("mailing_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("mailing_id", "number", name=op.f("pk_blast_links")),
    )
    op.create_table(
        "blast_clicks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mailing_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("variant", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("visitor", sa.LargeBinary(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blast_clicks")),
    )
    op.create_index("ix_blast_clicks_mailing_id_visitor", "blast_clicks", ["mailing_id", "visitor"])


def downgrade() -> None:
    op.drop_table("blast_clicks")
    op.drop_table("blast_links")
    op.drop_table("blast_rules")
    op.drop_column("segments", "changed_at")
    op.drop_index("ix_blasts_waiting", "blasts")
    for name in (
        *("watched", "winner", "approved_by", "requested_by"),
        *("archived_at", "released_at", "held_until", "scheduled_at", "send_at"),
        *("ended_because", "subject_b", "plan", "audience"),
    ):
        op.drop_column("blasts", name)
    op.execute("UPDATE blasts SET state = 'draft' WHERE state IN ('awaiting', 'scheduled')")
    op.execute("UPDATE blasts SET state = 'cancelled' WHERE state = 'expired'")
    op.drop_constraint(op.f("ck_blasts_blaststate"), "blasts")
    op.create_check_constraint(op.f("ck_blasts_blaststate"), "blasts", _states(BEFORE))
