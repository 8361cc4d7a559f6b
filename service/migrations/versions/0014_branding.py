"""branding: a newsletter's typeface, and its logo in a table of its own"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "logos",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.BigInteger(), nullable=False),
        sa.Column("height", sa.BigInteger(), nullable=False),
        sa.Column("see_through", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_logos")),
    )
    op.add_column(
        "newsletters",
        sa.Column(
            "typeface",
            sa.Enum(
                "newspaper",
                "book",
                "modern",
                "plain",
                "humanist",
                name="typeface",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="newspaper",
            nullable=False,
        ),
    )
    op.add_column("newsletters", sa.Column("logo_hash", sa.Text(), nullable=True))
    op.create_foreign_key(
        op.f("fk_newsletters_logo_hash_logos"), "newsletters", "logos", ["logo_hash"], ["hash"]
    )


def downgrade() -> None:
    op.drop_column("newsletters", "logo_hash")
    op.drop_column("newsletters", "typeface")
    op.drop_table("logos")
