"""Whether receivers can verify our signatures: our keys beside what the DNS says of them."""

import re

from service.dns.findings import NO_ANSWER, Finding, Grade, Record
from service.dns.lookup import Resolver
from service.dns.sending import PublicKey, Sending, provider_of

KIND = "dkim"
_TAG = re.compile(r"\s*([a-z]+)\s*=\s*([^;]*)", re.IGNORECASE)


def advise(sending: Sending, resolver: Resolver) -> tuple[Finding, ...]:
    """Return a finding for every key, or one that says that there is none."""
    found = [_judge(key, resolver) for key in sending.keys]
    if sending.key_problem:
        found.insert(0, Finding(KIND, Grade.WRONG, (sending.key_problem,)))
    elif not any(key.active for key in sending.keys):
        found.insert(0, _unsigned(sending))
    return tuple(found)


def tags(record: str) -> dict[str, str]:
    """Read a record of tags (RFC 6376 3.2); white space inside the values we read means nothing."""
    found = (_TAG.match(part) for part in record.split(";"))
    return {each[1].lower(): "".join(each[2].split()) for each in found if each}


def _unsigned(sending: Sending) -> Finding:
    create = f"broadsheet dkim create {sending.domain}"
    providers = [provider.name for relay in sending.relays if (provider := provider_of(relay))]
    if providers:
        sentence = (
            f"We do not sign this domain's mail. {providers[0]} can: let it sign as {sending.domain}, "
            "with the "
            "records that its own pages show. To sign it here instead, run this."
        )
    else:
        sentence = (
            "This domain's mail is not signed, and large receivers refuse such mail in bulk. Run this, "
            "and the "
            "record to publish is shown here."
        )
    return Finding(KIND, Grade.ATTENTION, (sentence,), command=create)


def _judge(key: PublicKey, resolver: Resolver) -> Finding:
    record = Record(key.dns_name, "TXT", key.dns_value)
    activate = "" if key.active else f"broadsheet dkim activate {_domain(key)} {key.selector}"
    reply = resolver.txt(key.dns_name)
    if not reply.answered:
        return Finding(KIND, Grade.UNCHECKED, (NO_ANSWER,), record)
    grade, sentence = _compare(key, reply.values)
    is_ours = grade is Grade.GOOD or (not key.active and sentence == _waits(key))
    return Finding(KIND, grade, (sentence,), None if is_ours else record, reply.values, activate)


def _compare(key: PublicKey, published: tuple[str, ...]) -> tuple[Grade, str]:
    bad = Grade.WRONG if key.active else Grade.ATTENTION
    if not published:
        signing = "Our signatures cannot be verified: the key that signs is not in the DNS. Publish this."
        waiting = f"The key {key.selector} does not sign yet. Publish this, and then let it sign."
        return bad, signing if key.active else waiting
    if len(published) > 1:
        count = len(published)
        return bad, f"{key.dns_name} has {count} records, and receivers may take either. Leave only this one."
    there, ours = tags(published[0]), tags(key.dns_value)
    if there.get("p") == "":
        return bad, "The published key is empty, which means: withdrawn. Publish this in its place."
    if there.get("p") != ours["p"]:
        return bad, "The published key is not ours, so our signatures fail. Publish this in its place."
    if "y" in there.get("t", "").split(":"):
        sentence = "It is marked as a test (t=y), and receivers may ignore it. Publish it without that."
        return Grade.ATTENTION, sentence
    if not key.active:
        return Grade.ATTENTION, _waits(key)
    return Grade.GOOD, f"The key {key.selector} signs as the sender's own domain, and its record is right."


def _waits(key: PublicKey) -> str:
    return f"The key {key.selector} is published and does not sign yet. Let it sign."


def _domain(key: PublicKey) -> str:
    return key.dns_name.partition("._domainkey.")[2]
