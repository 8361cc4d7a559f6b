"""The port that delivery is given: one table of message kinds and the composers that know them."""

from collections import defaultdict
from collections.abc import Callable, Sequence

from service.clock import utc_now
from service.db import Sessions, transaction
from service.delivery.due import Due
from service.errors import BroadsheetError
from service.links import Links
from service.prepare import bulk, personal, relay_trials, transactional
from service.prepare.desk import Answer, Desk
from service.recipes.bodies import SHARED, Bodies
from service.tokens import AddressHasher

Composer = Callable[[Desk, Sequence[Due]], list[Answer]]

COMPOSERS: dict[str, Composer] = {
    "confirm": transactional.confirm,
    "reminder": transactional.reminder,
    "already_subscribed": transactional.already_subscribed,
    "welcome": transactional.welcome,
    "manage": personal.manage,
    "new_address": personal.new_address,
    "old_address": personal.old_address,
    "operator_invitation": transactional.operator_invitation,
    "operator_password": transactional.operator_password,
    "relay_test": relay_trials.relay_test,
    "digest": bulk.digest,
    "blast": bulk.blast,
    "blast_test": bulk.blast_test,
}


class Preparer:
    """Implements `delivery.ports.Prepare` with a short read-only session per batch."""

    def __init__(
        self, sessions: Sessions, *, links: Links, hash_address: AddressHasher, bodies: Bodies = SHARED
    ) -> None:
        self._sessions = sessions
        self._links = links
        self._hash_address = hash_address
        self._bodies = bodies

    def __call__(self, messages: Sequence[Due]) -> list[Answer]:
        """Answer for every message, kind by kind.

        :raises BroadsheetError: for a kind that this version does not know; delivery sets it aside.
        """
        by_kind: dict[str, list[Due]] = defaultdict(list)
        for message in messages:
            by_kind[message.kind].append(message)
        # Committed although nothing was written: the driver forgets its prepared statements at a rollback,
        # and planning them anew took a third of the database's time.
        with transaction(self._sessions) as session:
            desk = Desk(session, self._links, self._hash_address, self._bodies, utc_now())
            return [answer for kind, group in by_kind.items() for answer in _composer(kind)(desk, group)]


def _composer(kind: str) -> Composer:
    try:
        return COMPOSERS[kind]
    except KeyError:
        raise BroadsheetError(
            f"This version of Broadsheet does not know mails of the kind “{kind}”."
        ) from None
