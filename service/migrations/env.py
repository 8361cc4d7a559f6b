"""Alembic's entry: the address comes from whoever calls, else from DATABASE_URL."""

import os

from alembic import context

from service.db import make_engine
from service.migrations.schema import METADATA, include_object

config = context.config


def _url() -> str:
    return config.attributes.get("url") or os.environ["DATABASE_URL"]


engine = make_engine(_url())
try:
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=METADATA,
            include_object=include_object,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
finally:
    engine.dispose()
