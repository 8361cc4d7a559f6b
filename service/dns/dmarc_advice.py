"""What receivers shall do with mail that only pretends to be ours (DMARC, RFC 9989)."""

from service.dns.dkim_advice import tags
from service.dns.findings import NO_ANSWER, Finding, Grade, Record, worst
from service.dns.lookup import Resolver
from service.dns.sending import Sending, provider_of

KIND = "dmarc"
#: RFC 9989 4.10: a long name is climbed from its last seven labels.
_MOST_STEPS = 8


def advise(sending: Sending, resolver: Resolver) -> Finding:
    """Find the policy that holds for this domain, and say what it lacks."""
    name = f"_dmarc.{sending.domain}"
    first = Record(name, "TXT", f"v=DMARC1; p=none; rua=mailto:dmarc-reports@{sending.domain}")
    for step, holder in enumerate(_holders(sending.domain)):
        reply = resolver.txt(f"_dmarc.{holder}")
        if not reply.answered:
            return Finding(KIND, Grade.UNCHECKED, (NO_ANSWER,), first if step == 0 else None)
        records = tuple(text for text in reply.values if _is_dmarc(text))
        if len(records) > 1:
            sentence = (
                f"_dmarc.{holder} has {len(records)} DMARC records, and receivers then heed "
                "none. Leave only one."
            )
            return Finding(KIND, Grade.WRONG, (sentence,), published=records)
        if records:
            return _judge(sending, holder, records[0])
    sentence = (
        "There is no DMARC record, and large receivers want one from everybody who sends in bulk. Begin with "
        "this; make the mailbox for the reports first, or name another."
    )
    return Finding(KIND, Grade.WRONG, (sentence,), first)


def _holders(domain: str) -> list[str]:
    """Return the names to ask, the domain first; a policy above holds for it as well."""
    labels = domain.split(".")
    above = [".".join(labels[place:]) for place in range(max(1, len(labels) - 7), len(labels) - 1)]
    return [domain, *above][:_MOST_STEPS]


def _is_dmarc(text: str) -> bool:
    return text.replace(" ", "").lower().startswith("v=dmarc1;") or text.strip().lower() == "v=dmarc1"


def _judge(sending: Sending, holder: str, record: str) -> Finding:
    found = tags(record)
    inherited = holder != sending.domain
    policy = found.get("sp", found.get("p", "none")) if inherited else found.get("p", "none")
    said: list[tuple[Grade, str]] = []
    wanted: Record | None = None
    if policy not in {"none", "quarantine", "reject"}:
        said.append(
            (
                Grade.WRONG,
                f"p={policy} is no policy, and the record does nothing. Write none, quarantine or reject.",
            )
        )
    elif policy == "none":
        wanted = Record(
            f"_dmarc.{holder}", "TXT", _stricter(record, "sp" if inherited and "sp" in found else "p")
        )
        said.append(
            (
                Grade.ATTENTION,
                (
                    "p=none only watches: mail that pretends to be yours is delivered all the same. When "
                    "the reports show that your own mail passes, publish this."
                ),
            )
        )
    if "rua" not in found:
        said.append(
            (
                Grade.ATTENTION,
                (
                    "Nobody gets the reports, so nobody sees who sends in your name. Add "
                    f"rua=mailto:dmarc-reports@{holder}"
                ),
            )
        )
    said += _alignment(sending, found)
    where = f"The policy comes from _dmarc.{holder} and holds here too. " if inherited else ""
    if not said:
        praise = f"{where}p={policy}: receivers {_does(policy)} mail that only pretends to be yours."
        return Finding(KIND, Grade.GOOD, (praise,), published=(record,))
    sentences = tuple(words for _, words in said)
    sentences = (where + sentences[0], *sentences[1:])
    return Finding(KIND, worst([grade for grade, _ in said]), sentences, wanted, (record,))


def _alignment(sending: Sending, found: dict[str, str]) -> list[tuple[Grade, str]]:
    """Say where nothing that receivers verify is sure to be of the sender's domain."""
    if any(key.active for key in sending.keys):
        return []
    providers = [provider.name for relay in sending.relays if (provider := provider_of(relay))]
    if not providers:
        return []
    strict = " The record asks for an exact match (aspf=s)." if found.get("aspf") == "s" else ""
    return [
        (
            Grade.ATTENTION,
            (
                f"Alignment hangs on {providers[0]}: if it puts its own return path and signature on our "
                f"mail, neither is of {sending.domain} and DMARC fails. Sign here, or set up your domain "
                f"there.{strict}"
            ),
        )
    ]


def _stricter(record: str, tag: str) -> str:
    """Return the same record with the next policy; the tags that RFC 9989 took out are left out."""
    parts = [part.strip() for part in record.split(";") if part.strip()]
    kept = [part for part in parts if part.partition("=")[0].strip().lower() not in {"pct", "rf", "ri"}]
    return "; ".join(
        f"{tag}=quarantine" if part.partition("=")[0].strip().lower() == tag else part for part in kept
    )


def _does(policy: str) -> str:
    return "refuse" if policy == "reject" else "put aside"
