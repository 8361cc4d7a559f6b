"""Every table there is, and the command that brings a database up to date with them."""

import time
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from service.archive import models as archive
from service.articles import models as articles
from service.audit import AuditEntry
from service.blasts import models as blasts
from service.db import Model, make_engine
from service.delivery import models as delivery
from service.delivery import partitions
from service.digests import models as digests
from service.newsletters import models as newsletters
from service.operators import models as operators
from service.ops import models as ops
from service.popularity import models as popularity
from service.recipes import models as recipes
from service.reports import models as reports
from service.subscribers import models as subscribers

#: Importing a domain's models registers its tables; this names each of them once.
DOMAINS = (
    newsletters,
    subscribers,
    articles,
    popularity,
    recipes,
    digests,
    blasts,
    archive,
    reports,
    delivery,
    operators,
    ops,
    AuditEntry,
)
METADATA = Model.metadata
#: Two processes that migrate at once: the second waits, then finds nothing to do.
ADVISORY_LOCK = 0x62726F6164
#: Seconds between two looks at that lock.
_PATIENCE = 0.1


def upgrade(url: str) -> None:
    """Bring the database up to the newest revision; safe at every start and from several processes."""
    engine = make_engine(url)
    try:
        # Asked for again and again, by statements that end: an index built concurrently waits for every
        # statement that is older than itself, and one that waits for the lock would never end.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": ADVISORY_LOCK}):
                time.sleep(_PATIENCE)
            try:
                command.upgrade(_config(url), "head")
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})
    finally:
        engine.dispose()


def differences(connection: Connection) -> list[object]:
    """Return what the models say and the database does not, or the other way round."""
    migration = MigrationContext.configure(
        connection, opts={"include_object": include_object, "compare_type": True}
    )
    return list(compare_metadata(migration, METADATA))


def include_object(_item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    """Leave the partitions of the ledger out of the comparison: they come and go with the mailings."""
    parts = tuple(f"{table}_p" for table in partitions.TABLES)
    return not (kind in {"table", "index"} and name is not None and name.startswith(parts))


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["url"] = url
    return config
