"""Reading and showing e-mail addresses, and folding them and visitors' networks for the caps."""

from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network

from email_validator import EmailNotValidError, validate_email

from service.errors import InvalidInput
from service.languages.words import _

#: RFC 5321 4.5.3.1: a path of 256 octets holds two angle brackets.
MAX_LENGTH = 254

#: Nobody reads these by choice, or they answer by themselves (standards 142).
_ROLES = frozenset(
    {"abuse", "bounce", "bounces", "hostmaster", "mailer-daemon", "nobody", "postmaster", "root", "security"}
    | {"do-not-reply", "donotreply", "no-reply", "noreply", "spam", "webmaster"}
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where to send, and what makes two spellings one person."""

    #: Local part as typed, domain as A-label.
    email: str = field(repr=False)
    #: Case-folded whole.
    key: str = field(repr=False)


def parse(text: str) -> Address:
    """Read what somebody typed.

    :raises InvalidInput: with a sentence that says what to do; it never repeats the input.
    """
    typed = text.strip()
    if not typed:
        raise _refuse(_("Enter your e-mail address, like name@example.org."))
    if len(typed) > MAX_LENGTH:
        raise _too_long()
    try:
        valid = validate_email(typed, check_deliverability=False, strict=True)
    except EmailNotValidError:
        raise _refuse(_("Enter an e-mail address like name@example.org.")) from None
    if not valid.local_part.isascii():
        # Needs SMTPUTF8 on every hop (RFC 6531); saying so beats a confirmation that never arrives.
        raise _refuse(_("We cannot write to addresses with letters beyond a to z before the @ yet."))
    if "=?" in valid.local_part:
        # Legal, and taken for an encoded-word in a To: line, which providers refuse (standards 18).
        raise _refuse(_("We cannot write to addresses with “=?” before the @."))
    email = f"{valid.local_part}@{valid.ascii_domain}"
    if len(email) > MAX_LENGTH:
        raise _too_long()
    return Address(email=email, key=email.casefold())


def mask(email: str) -> str:
    """Show an address to its owner without telling it to others: a…n@example.org."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}…{local[-1:] if len(local) > 2 else ''}@{domain}"


def inbox_of(key: str) -> str:
    """Return what many spellings of an address share: ann+a@ and ann+b@ lie in one inbox (RFC 5233).

    For counting only. Whose address it is, and whether it is suppressed, is told by the whole of it.
    """
    local, _, domain = key.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def is_role(key: str) -> bool:
    """Say whether the address belongs to a function and not to a person; such ones are never mailed."""
    return key.partition("@")[0].partition("+")[0] in _ROLES


def network_of(ip: str, *, v6: int = 64) -> str:
    """Return the /24, or of IPv6 the /64 or what is asked for; what is no address counts as one network."""
    plain = plain_ip(ip)
    if plain is None:
        return "unknown"
    address = ip_address(plain)
    return str(ip_network((address, 24 if address.version == 4 else v6), strict=False))


def plain_ip(ip: str) -> str | None:
    """Return a visitor's address as the database takes it; None for whatever else a proxy reported."""
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


def _too_long() -> InvalidInput:
    return _refuse(
        _("That address is too long; the longest possible one has %(count)s characters.", count=MAX_LENGTH)
    )


def _refuse(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, field="email")
