"""The machines themselves: the name of the one that sends (PTR), and the one that takes bounces (MX)."""

from service.dns.findings import NO_ANSWER, Finding, Grade
from service.dns.lookup import Resolver
from service.dns.sending import Sending, is_address, provider_of

PTR, MX = "ptr", "mx"


def advise_names(sending: Sending, resolver: Resolver) -> tuple[Finding, ...]:
    """Check each sending machine of ours: its address has a name, and the name leads back to it."""
    found = [_name(host, resolver) for host in sending.own_hosts]
    providers = dict.fromkeys(provider.name for relay in sending.relays if (provider := provider_of(relay)))
    found += [
        Finding(PTR, Grade.GOOD, (f"{name} sends from its own machines, and their names are its duty.",))
        for name in providers
    ]
    if sending.is_hidden:
        sentence = (
            "The relay is inside your network. Set HELO_NAME to the name that it has outside, and its PTR "
            "record can be checked here."
        )
        found.append(Finding(PTR, Grade.ATTENTION, (sentence,)))
    return tuple(found)


def advise_bounces(sending: Sending, resolver: Resolver) -> Finding:
    """Check that mail to the return path, which is in the sender's domain, finds a server."""
    domain = sending.domain
    servers = resolver.mx(domain)
    if not servers.answered:
        return Finding(MX, Grade.UNCHECKED, (NO_ANSWER,))
    published = tuple(f"MX {host or '.'}" for host in servers.values)
    if servers.values == ("",):
        sentence = (
            f"{domain} says that it takes no mail at all (null MX), and receivers refuse mail from such a "
            "domain. Publish the name of a mail server instead."
        )
        return Finding(MX, Grade.WRONG, (sentence,), published=published)
    if not servers.values:
        if resolver.addresses(domain).values:
            sentence = (
                f"{domain} has no MX record; bounces and replies are brought to the machine of its web "
                "pages. Publish the name of a mail server."
            )
            return Finding(MX, Grade.ATTENTION, (sentence,))
        sentence = (
            f"{domain} has no mail server: bounces and replies are lost, and receivers refuse mail from a "
            "domain that cannot answer. Publish the name of one."
        )
        return Finding(MX, Grade.WRONG, (sentence,))
    lost = [host for host in servers.values if _is_missing(host, resolver)]
    if lost:
        sentence = f"{', '.join(lost)} has no address, so mail to it is lost. Correct the name, or remove it."
        return Finding(MX, Grade.WRONG, (sentence,), published=published)
    sentence = (
        f"Bounces come back to b+…@{domain}. Its mail server must take every address that begins with "
        "“b+”, in one mailbox."
    )
    return Finding(MX, Grade.GOOD, (sentence,), published=published)


def _is_missing(host: str, resolver: Resolver) -> bool:
    reply = resolver.addresses(host)
    return reply.answered and not reply.values


def _name(host: str, resolver: Resolver) -> Finding:
    addresses: tuple[str, ...] = (host,) if is_address(host) else ()
    if not addresses:
        reply = resolver.addresses(host)
        if not reply.answered and not reply.values:
            return Finding(PTR, Grade.UNCHECKED, (NO_ANSWER,))
        if not reply.values:
            sentence = (
                f"{host} has no address in the DNS. Correct the name in SMTP_URL or HELO_NAME, or publish it."
            )
            return Finding(PTR, Grade.WRONG, (sentence,))
        addresses = reply.values
    said: list[str] = []
    grade, published = Grade.GOOD, []
    for address in addresses:
        names = resolver.ptr(address)
        published += [f"{address} is {name}" for name in names.values]
        if not names.answered:
            return Finding(PTR, Grade.UNCHECKED, (NO_ANSWER,), published=tuple(published))
        if not names.values:
            grade = Grade.WRONG
            said.append(
                f"{address} has no name. Whoever rents you the machine sets its PTR record"
                f"{'' if is_address(host) else f' to {host}'}."
            )
        elif not any(address in resolver.addresses(name).values for name in names.values):
            grade = Grade.WRONG
            said.append(
                f"{address} is called {names.values[0]}, and that name does not lead back to it. Publish "
                f"{names.values[0]} with the address {address}, or have the PTR record changed."
            )
    if grade is Grade.GOOD:
        said.append(
            f"{host} has a name that leads back to it. If it hands mail on to another machine, that one "
            "counts."
        )
    return Finding(PTR, grade, tuple(said), published=tuple(published))
