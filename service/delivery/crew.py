"""Between a lane and whoever works it: what is asked, told and guarded."""

from typing import NamedTuple, Protocol

from service.delivery.parcels import Parcel
from service.delivery.replies import Phase, Reply, Verdict


class LeaseLost(Exception):  # not an error: somebody else has the message now
    """The lease ended before the final dot; the message was not sent."""


class Result(NamedTuple):
    """How far one message came, and what was said."""

    verdict: Verdict
    phase: Phase
    reply: Reply | None = None


class Crew(Protocol):
    """Who works the lanes: hands out messages, hears what became of them, guards the final dot."""

    def next_for(self, relay: str, *, busy: bool) -> Parcel | None:
        """Return a message that may go out now, or None; `busy` while another is under way on that lane."""

    def before_dot(self, parcel: Parcel) -> None:
        """Write down that the final dot goes out now.

        :raises LeaseLost: it must not.
        """

    def holds_lease(self) -> bool:
        """Say whether a final dot that waits in our hands may still go out."""

    def withdrawn(self, parcel: Parcel) -> None:
        """Take it back: the final dot did not leave."""

    def settled(self, relay: str, parcel: Parcel, result: Result) -> None:
        """Hear what the relay said of a message."""

    def write_down(self) -> None:
        """Write down what was settled: the next message begins, and this process may not live to end it."""

    def returned(self, relay: str, parcel: Parcel, loss: Result | None) -> None:
        """Take back a message that the relay has certainly not got; `loss` says how the connection broke."""
