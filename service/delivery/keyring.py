"""The keyring: signs what leaves this process, with the keys that are active now."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from service.delivery import dkim
from service.delivery.dkim import SigningKey
from service.delivery.dkim_keys import KeyFolder
from service.delivery.ports import Unsigned

#: An activation holds in every process after this many seconds, without a restart.
LOOK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Held:
    keys: tuple[SigningKey, ...]
    #: What the files looked like: checking an RSA key takes far longer than signing with it.
    stamp: object
    looked_at: float


class Keyring:
    """Implements `ports.Signer`; one per process, for any number of threads."""

    def __init__(self, folder: KeyFolder, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.folder = folder
        self._clock = clock
        self._held: dict[str, _Held] = {}

    def sign(self, mail: Unsigned) -> bytes:
        """Sign with the active keys of exactly the From's domain; without any, leave the mail as it is.

        :raises KeyUnusable: an active key is broken or gone.
        """
        domain = mail.domain
        held = self._held.get(domain)
        now = self._clock()
        if held is None or now - held.looked_at >= LOOK_SECONDS:
            held = self._look(domain, held, now=now)
        return dkim.sign(mail, held.keys) if held.keys else mail.raw

    def _look(self, domain: str, held: _Held | None, *, now: float) -> _Held:
        stamp = self._stamp(domain)
        keys = held.keys if held and held.stamp == stamp else self.folder.load_active(domain)
        self._held[domain] = found = _Held(keys, stamp, now)
        return found

    def _stamp(self, domain: str) -> object:
        stamps = []
        for selector in self.folder.active(domain):
            file = self.folder.file(domain, selector)
            try:
                state = file.stat()
            except OSError:
                # Loading it says what is wrong.
                return object()
            stamps.append((selector, state.st_ino, state.st_size, state.st_mtime_ns))
        return tuple(stamps)
