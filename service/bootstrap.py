"""The Runtime: everything a process needs, built once and handed down; and what is built from it."""

import socket
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from service.articles import looking
from service.articles.fetching import Fetcher
from service.db import Sessions, make_engine, make_sessions
from service.delivery.breakers import ErrorLimit
from service.delivery.dkim_keys import KeyFolder
from service.delivery.engine import DeliveryEngine
from service.delivery.keyring import Keyring
from service.delivery.smtp import Deadlines
from service.delivery.throttle import Throttle
from service.dispatch import CeleryDispatcher, Dispatcher
from service.links import Links
from service.prepare.port import Preparer
from service.settings import Settings
from service.tokens import AddressHasher, Tokens


@dataclass(frozen=True, slots=True)
class Runtime:
    """What entry points (views, tasks, commands) work with; tests build it by hand."""

    settings: Settings
    engine: Engine
    sessions: Sessions
    tokens: Tokens
    links: Links
    hash_address: AddressHasher
    dispatcher: Dispatcher
    keyring: Keyring
    throttle: Throttle

    def with_(self, **changes: Any) -> "Runtime":
        """Return a copy with other parts; tests swap sessions and dispatcher."""
        return replace(self, **changes)


def build(settings: Settings, *, pool_size: int = 5, trust_seconds: float = 0.0) -> Runtime:
    """Build the runtime; connections are opened on first use."""
    engine = make_engine(settings.database_url, pool_size=pool_size, trust_seconds=trust_seconds)
    tokens = Tokens(settings.secret_keys)
    return Runtime(
        settings=settings,
        engine=engine,
        sessions=make_sessions(engine),
        tokens=tokens,
        links=Links(settings.base_url, tokens),
        hash_address=AddressHasher(settings.secret_keys),
        dispatcher=CeleryDispatcher(settings.broker_url),
        keyring=Keyring(KeyFolder(settings.dkim_folder)),
        throttle=throttle(settings),
    )


def throttle(settings: Settings) -> Throttle:
    """Build the limits as they are configured; Redis is asked on first use."""
    return Throttle(
        settings.redis_url,
        relay_rates={relay.label: relay.rate for relay in settings.relays if relay.rate is not None},
        domain_rates=settings.domain_rates,
        least_workers=settings.worker_concurrency,
    )


def error_limit(settings: Settings) -> ErrorLimit:
    """Return what pauses a mailing."""
    return ErrorLimit(percent=settings.breaker_percent, outcomes=settings.breaker_outcomes)


def delivery_engine(runtime: Runtime) -> DeliveryEngine:
    """Build an engine for one round of sending; it connects when it has something to send."""
    return DeliveryEngine(
        runtime.sessions,
        Preparer(runtime.sessions, links=runtime.links, hash_address=runtime.hash_address),
        relays=[
            replace(relay, connections=max(1, relay.connections // senders(runtime)))
            for relay in runtime.settings.relays
        ],
        limits=partial(throttle, runtime.settings),
        error_limit=error_limit(runtime.settings),
        helo_name=runtime.settings.helo_name or socket.getfqdn(),
        journals=journals(runtime),
        deadlines=Deadlines().capped(runtime.settings.smtp_seconds),
        lease_seconds=runtime.settings.lease_seconds,
        signer=runtime.keyring,
    )


def senders(runtime: Runtime) -> int:
    """Return how many senders of bulk mail a worker has: while one waits for the database, another sends."""
    return min(runtime.settings.senders, max(relay.connections for relay in runtime.settings.relays))


def journals(runtime: Runtime) -> Path:
    """Where the senders of this machine keep their journals."""
    return runtime.settings.data_dir / "journal"


def fetcher(runtime: Runtime) -> Fetcher:
    """Build the one door to strangers' servers."""
    return Fetcher(runtime.settings.feed_allow_hosts, public_url=runtime.settings.base_url)


def picture_fetcher(runtime: Runtime) -> Fetcher:
    """Build the same door for pictures, of which there are many: less patient."""
    return Fetcher(
        runtime.settings.feed_allow_hosts,
        public_url=runtime.settings.base_url,
        deadline=looking.DEADLINE,
        connect_timeout=looking.DEADLINE / 2,
    )
