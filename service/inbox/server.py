"""The SMTP side: takes every message for any recipient and says 250 when it is on disk."""

import asyncio
import logging

from aiosmtpd.smtp import SMTP, Envelope, Session

from service.inbox.reading import read_subject
from service.inbox.store import Store

log = logging.getLogger(__name__)

SIZE_LIMIT = 10 * 1024 * 1024


class Keeper:
    """What aiosmtpd calls for each message."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the message; the file is synced in a thread, so that other sessions go on meanwhile."""
        try:
            entry = await asyncio.to_thread(self._keep, envelope)
        except OSError:
            log.exception("The inbox could not write a message to its folder")
            return "452 4.3.1 The inbox cannot write to its folder; try again later"
        return f"250 2.0.0 Kept as {entry}"

    async def handle_exception(self, error: Exception) -> str:
        log.warning("The inbox met something that it could not read: %s", type(error).__name__)
        return "500 5.5.0 The inbox could not make sense of that"

    def _keep(self, envelope: Envelope) -> str:
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape")
        entry = self._store.add(
            raw,
            sender=_shown(envelope.mail_from or ""),
            recipients=[_shown(address) for address in envelope.rcpt_tos],
            subject=read_subject(raw),
        )
        return entry.id


def make_session(store: Store) -> SMTP:
    """Make the protocol of one connection."""
    return SMTP(
        Keeper(store),
        data_size_limit=SIZE_LIMIT,
        enable_SMTPUTF8=True,
        decode_data=False,
        hostname="inbox.localhost",
        ident="Broadsheet development inbox",
        timeout=120,
    )


def _shown(address: str) -> str:
    return address.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
