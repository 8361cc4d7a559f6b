"""What can go wrong, as one tree; every message is a sentence that a person can act on.

BroadsheetError
├── ConfigurationError    settings are missing or wrong (all of them are named at once)
├── StartupError          a local server, port or data folder cannot be used
├── InvalidInput          what somebody typed or sent cannot be accepted; `field` says where
├── NotFound              there is no such thing, or the link does not lead to one
├── Conflict              the thing is not in a state that allows this
├── BadToken              a link was forged, cut, or made for something else
│   └── ExpiredToken      a genuine link that is too old
├── TooManyRequests       a cap was reached; `retry_after` is in seconds
├── FetchError            a feed could not be read; the reason is kept with its source
└── DeliveryError         a relay could not be used (not: one recipient was refused)
"""


class BroadsheetError(Exception):
    """The root: catching it catches everything that Broadsheet raises on purpose."""


class ConfigurationError(BroadsheetError):
    """Settings are missing or wrong; the message lists every one of them."""


class StartupError(BroadsheetError):
    """A local server, port or data folder cannot be used."""


class InvalidInput(BroadsheetError):
    """Something typed or sent cannot be accepted; `field` names the form field, if there is one."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class NotFound(BroadsheetError):
    """There is no such thing."""


class Conflict(BroadsheetError):
    """The thing is not in a state that allows this."""


class BadToken(BroadsheetError):
    """A link was forged, cut short, or made for another purpose."""


class ExpiredToken(BadToken):
    """A genuine link that is too old to be used."""


class TooManyRequests(BroadsheetError):
    """A cap was reached; `retry_after` says in how many seconds it makes sense to try again."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class FetchError(BroadsheetError):
    """A feed could not be read; the message is kept with its source for the operator.

    `retry_after` is in seconds, where the server asked for patience; `gone` means that it will not come back,
    `refused` that we do not ask there.
    """

    def __init__(
        self, message: str, *, retry_after: int | None = None, gone: bool = False, refused: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.gone = gone
        self.refused = refused


class DeliveryError(BroadsheetError):
    """A relay could not be used; no recipient is to blame."""
