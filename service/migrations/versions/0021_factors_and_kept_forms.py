"""second factors, logins that say why they ended, rules for signing in, forms that are kept, an audit log to read"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"

ENDINGS = ("logged_out", "everywhere", "password", "role", "factor", "disabled")


def _of_an_operator(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["operator_id"], ["operators.id"], name=op.f(f"fk_{table}_operator_id_operators"), ondelete="CASCADE"
    )


def upgrade() -> None:
    op.add_column("operators", sa.Column("invited_at", sa.DateTime(timezone=True), nullable=True))
    # Logins are few, and all of them end: nobody can say when these last proved who they are.
    op.execute("DELETE FROM operator_sessions")
    op.add_column("operator_sessions", sa.Column("user_agent", sa.Text(), server_default="", nullable=False))
    op.add_column("operator_sessions", sa.Column("verified_at", sa.DateTime(timezone=True), nullable=False))
    op.add_column("operator_sessions", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "operator_sessions",
        sa.Column(
            "ended_by",
            sa.Enum(*ENDINGS, name="ending", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
    )
    op.create_table(
        "totps",
        sa.Column("operator_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        _of_an_operator("totps"),
        sa.PrimaryKeyConstraint("operator_id", name=op.f("pk_totps")),
    )
    op.create_table(
        "passkeys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        _of_an_operator("passkeys"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
    )
    op.create_index(op.f("ix_passkeys_operator_id"), "passkeys", ["operator_id"])
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        _of_an_operator("recovery_codes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
    )
    op.create_index(op.f("ix_recovery_codes_operator_id"), "recovery_codes", ["operator_id"])
    op.create_table(
        "sign_in_rules",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("idle_minutes", sa.BigInteger(), nullable=False),
        sa.Column("longest_hours", sa.BigInteger(), nullable=False),
        sa.Column("second_factor_required", sa.Boolean(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_sign_in_rules_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_rules")),
    )
    op.create_table(
        "kept_forms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        _of_an_operator("kept_forms"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_forms")),
    )
    op.create_index(op.f("ix_kept_forms_operator_id"), "kept_forms", ["operator_id"])
    op.drop_index(op.f("ix_audit_entries_subject"), table_name="audit_entries")
    for column in ("actor", "action", "subject"):
        op.create_index(f"ix_audit_entries_{column}_id", "audit_entries", [column, "id"])


def downgrade() -> None:
    for column in ("actor", "action", "subject"):
        op.drop_index(f"ix_audit_entries_{column}_id", table_name="audit_entries")
    op.create_index(op.f("ix_audit_entries_subject"), "audit_entries", ["subject"])
    for table in ("kept_forms", "sign_in_rules", "recovery_codes", "passkeys", "totps"):
        op.drop_table(table)
    for column in ("ended_by", "ended_at", "verified_at", "user_agent"):
        op.drop_column("operator_sessions", column)
    op.drop_column("operators", "invited_at")
