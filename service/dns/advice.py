"""All advice for one domain, in the order in which it is worth following."""

from service.dns import dkim_advice, dmarc_advice, machine_advice, spf_advice
from service.dns.findings import Finding
from service.dns.lookup import NotAsked, Resolver
from service.dns.sending import Sending

#: Every kind of record, and what it is for.
KINDS = {
    spf_advice.KIND: ("SPF", "which machines may send for this domain"),
    dkim_advice.KIND: ("DKIM", "the public half of the keys that sign our mail"),
    dmarc_advice.KIND: ("DMARC", "what receivers do with mail that fails both"),
    machine_advice.PTR: ("PTR", "the name of the machine that sends"),
    machine_advice.MX: ("MX", "where bounces and replies go"),
}


def advise(sending: Sending, resolver: Resolver) -> tuple[Finding, ...]:
    """Look everything up and say what to do."""
    return (
        spf_advice.advise(sending, resolver),
        *dkim_advice.advise(sending, resolver),
        dmarc_advice.advise(sending, resolver),
        *machine_advice.advise_names(sending, resolver),
        machine_advice.advise_bounces(sending, resolver),
    )


def records(sending: Sending) -> tuple[Finding, ...]:
    """Return what to publish without asking anybody."""
    return advise(sending, NotAsked())
