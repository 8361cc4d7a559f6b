"""The runtime of a command that asks the database something and ends."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError

from service import bootstrap, settings
from service.bootstrap import Runtime
from service.errors import StartupError


@contextmanager
def connected() -> Iterator[Runtime]:
    """Build the runtime, and close its connections at the end.

    :raises StartupError: the database does not answer.
    """
    runtime = bootstrap.build(settings.load())
    try:
        yield runtime
    except OperationalError as error:
        raise StartupError(f"The database does not answer: {str(error.orig).splitlines()[0]}") from error
    finally:
        runtime.engine.dispose()
