"""Secrets that must be read again, encrypted at rest; keyed hashes of those that are only compared."""

import base64
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from service.errors import ConfigurationError


class Sealer:
    """Seals with the newest secret key and opens with any; a stolen database alone opens nothing."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._fernet = MultiFernet([Fernet(_derived(key)) for key in reversed(keys)])
        # The oldest, as for addresses: what was hashed before a change of keys is found after it.
        self._key = hmac.digest(keys[0].encode(), b"broadsheet.recovery", "sha256")

    def seal(self, secret: bytes) -> bytes:
        return self._fernet.encrypt(secret)

    def open(self, sealed: bytes) -> bytes:
        """Return what was sealed.

        :raises ConfigurationError: none of the secret keys sealed it.
        """
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise ConfigurationError(
                "This second factor was set up under another SECRET_KEY. Put the old one into "
                "SECRET_KEY_FALLBACKS, or let an administrator reset the second factor."
            ) from None

    def digest(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode("utf-8", "replace"), "sha256")


def _derived(key: str) -> bytes:
    return base64.urlsafe_b64encode(hmac.digest(key.encode(), b"broadsheet.seal", "sha256"))
