"""Signing keys on disk: `<domain>/<selector>.pem`, and a file `active` that names those that sign."""

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from service.delivery.dkim import SigningKey
from service.delivery.headers import domain_of
from service.errors import Conflict, DeliveryError, InvalidInput, NotFound, StartupError

#: RFC 8301 3.2: shorter ones are worth nothing to those who verify.
FEWEST_BITS = 1024
#: The receivers' limit for what they must be able to verify (RFC 8301 3.2), and a sane DNS answer.
MOST_BITS = 4096
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_SELECTOR = re.compile(_LABEL)
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")


class KeyUnusable(DeliveryError):
    """A key that should sign cannot; ours to mend, and no reader is to blame."""


class KeyFolder:
    """The keys of every domain that we sign for."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def domains(self) -> list[str]:
        """Return the domains that have a key, active or not."""
        try:
            return sorted(
                {file.parent.name for kind in ("*.pem", "active") for file in self.path.glob(f"*/{kind}")}
            )
        except OSError as error:
            raise KeyUnusable(f"The folder {self.path} cannot be read ({error.strerror}).") from error

    def selectors(self, domain: str) -> list[str]:
        return sorted(file.stem for file in (self.path / domain).glob("*.pem"))

    def file(self, domain: str, selector: str) -> Path:
        return self.path / domain / f"{selector}.pem"

    def active(self, domain: str) -> list[str]:
        """Return the selectors that sign, RSA first; none means that mails go out unsigned."""
        file = self.path / domain / "active"
        try:
            return file.read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise KeyUnusable(f"{file} cannot be read ({_why(error)}).") from error

    def load(self, domain: str, selector: str) -> SigningKey:
        """Read a key.

        :raises KeyUnusable: it is missing, broken, too short or of no use for DKIM.
        """
        file = self.file(domain, selector)
        try:
            private = load_pem_private_key(file.read_bytes(), password=None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyUnusable(
                f"The DKIM key {file} cannot be used ({_why(error)}); restore it, or activate another one "
                f"with: broadsheet dkim activate {domain} SELECTOR"
            ) from error
        if not isinstance(private, RSAPrivateKey | Ed25519PrivateKey):
            raise KeyUnusable(f"The DKIM key {file} is neither RSA nor Ed25519.")
        if isinstance(private, RSAPrivateKey) and private.key_size < FEWEST_BITS:
            raise KeyUnusable(
                f"The DKIM key {file} has only {private.key_size} bits, and receivers ignore it; make "
                f"another one with: broadsheet dkim create {domain}"
            )
        return SigningKey(domain, selector, private)

    def load_active(self, domain: str) -> tuple[SigningKey, ...]:
        """Read the keys that sign.

        :raises KeyUnusable: one of them cannot.
        """
        return tuple(self.load(domain, selector) for selector in self.active(domain))

    def add(self, key: SigningKey) -> None:
        """Store a new key that only its owner can read; it does not sign before it is activated.

        :raises Conflict: there is one of this name.
        """
        pem = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file = self.file(key.domain, key.selector)
        try:
            # `parents` would make the outer one readable by everybody.
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.parent.mkdir(mode=0o700, exist_ok=True)
            half = _write(file, pem)
            try:
                # Unlike a renaming, a link never replaces what is there.
                file.hardlink_to(half)
            finally:
                half.unlink()
        except FileExistsError as error:
            raise Conflict(
                f"{key.domain} has a key {key.selector} already; name another selector."
            ) from error
        except OSError as error:
            raise StartupError(f"{file} cannot be written ({error.strerror}).") from error

    def activate(self, domain: str, selector: str) -> None:
        """Let this key sign from now on, in place of the one of its kind.

        :raises Conflict: Ed25519 alone, which too few receivers can verify.
        """
        chosen = self._existing(domain, selector)
        others = self._usable(domain, self.active(domain))
        going = [chosen, *(each for each in others if each.algorithm != chosen.algorithm)]
        if all(each.algorithm == "ed25519" for each in going):
            raise Conflict("An Ed25519 key signs beside an RSA key, not alone; activate an RSA key first.")
        self._set_active(domain, [each.selector for each in sorted(going, key=lambda each: -each.bits)])

    def deactivate(self, domain: str, selector: str) -> None:
        """Let this key sign no longer; it stays in the folder.

        :raises Conflict: it is the RSA key beside an Ed25519 key that goes on.
        """
        left = [each for each in self.active(domain) if each != selector]
        if len(left) == len(self.active(domain)):
            raise Conflict(f"The key {selector} of {domain} is not active.")
        usable = self._usable(domain, left)
        if usable and all(each.algorithm == "ed25519" for each in usable):
            raise Conflict(f"Deactivate {usable[0].selector} first: an Ed25519 key does not sign alone.")
        self._set_active(domain, left)

    def _existing(self, domain: str, selector: str) -> SigningKey:
        if selector not in self.selectors(domain):
            raise NotFound(f"{domain} has no key {selector}; see: broadsheet dkim list")
        return self.load(domain, selector)

    def _usable(self, domain: str, selectors: Iterable[str]) -> list[SigningKey]:
        """Leave out what is broken: activating another key is how one gets rid of it."""
        found = []
        for selector in selectors:
            with suppress(KeyUnusable):
                found.append(self.load(domain, selector))
        return found

    def _set_active(self, domain: str, selectors: list[str]) -> None:
        file = self.path / domain / "active"
        try:
            _write(file, "".join(f"{each}\n" for each in selectors).encode()).replace(file)
        except OSError as error:
            raise StartupError(f"{file} cannot be written ({error.strerror}).") from error


def new_key(domain: str, selector: str, *, algorithm: str = "rsa", bits: int = 2048) -> SigningKey:
    """Make a key; `bits` is for RSA."""
    if not _SELECTOR.fullmatch(selector):
        raise InvalidInput("A selector is made of small letters, digits and hyphens, at most 63 of them.")
    if algorithm == "ed25519":
        return SigningKey(domain, selector, Ed25519PrivateKey.generate())
    if not FEWEST_BITS <= bits <= MOST_BITS:
        raise InvalidInput(f"An RSA key for DKIM has {FEWEST_BITS} to {MOST_BITS} bits; 2048 is usual.")
    return SigningKey(domain, selector, generate_private_key(public_exponent=65537, key_size=bits))


def clean_domain(text: str) -> str:
    """Return a domain as From addresses have it: small letters, IDNA as A-labels."""
    try:
        domain = domain_of(f"x@{text.strip().rstrip('.')}")
    except InvalidInput:
        domain = ""
    if not _DOMAIN.fullmatch(domain):
        raise InvalidInput(f"{text} is not a domain; it looks like news.example.org.")
    return domain


def domains_without_key(folder: KeyFolder, from_addresses: Iterable[str]) -> list[str]:
    """Return the senders' domains whose mails go out unsigned."""
    domains = {domain_of(address) for address in from_addresses}
    return sorted(domain for domain in domains if not folder.active(domain))


def _write(file: Path, content: bytes) -> Path:
    """Write a private file beside this one, whole and on disk, and return it."""
    half = file.with_name(f".{file.name}.{os.getpid()}.half")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    return half


def _why(error: Exception) -> str:
    # The texts of a parser's errors may quote the key.
    return (error.strerror or "unreadable") if isinstance(error, OSError) else "not a private key in PEM"
