"""Keeps a worker alive when Redis restarts under load (kombu 5.7.0, docs/adr/0005).

While kombu 5.7.0 cleans up after a lost connection it closes it twice; a channel that outlives its
connection then fails with an AttributeError, which Celery takes as unrecoverable and exits. Raising the
error that Celery recovers from lets it reconnect. To be removed once ten broker restarts under load pass
without it.
"""

from typing import Any

import redis
from kombu.transport.redis import Channel

_NAME = "_connparams"
_original = getattr(Channel, _NAME)


def _connection_parameters(channel: Any, asynchronous: bool = False) -> Any:
    if getattr(channel.connection, "client", None) is None:
        raise redis.ConnectionError("The channel outlived its connection to Redis.")
    return _original(channel, asynchronous=asynchronous)


def install() -> None:
    """Put the guard in place; calling it twice does no harm."""
    setattr(Channel, _NAME, _connection_parameters)
