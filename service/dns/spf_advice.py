"""Who may send for a domain: what its SPF record should say, and what is wrong with the one there is."""

from service.dns import spf
from service.dns.findings import NO_ANSWER, Finding, Grade, Record, worst
from service.dns.lookup import Resolver
from service.dns.sending import Sending, is_address, provider_of
from service.dns.spf import MOST_LOOKUPS, MOST_VOID, Tree

KIND = "spf"
_HIDDEN = (
    "Our relay is inside your network, and its name outside is not known here: set HELO_NAME to it, and this "
    "page can say what the record must allow."
)


def advise(sending: Sending, resolver: Resolver) -> Finding:
    """Compare the record with the ways our mail goes."""
    wanted = mechanisms(sending)
    tree = spf.read(sending.domain, resolver)
    fresh = _record(sending, " ".join(("v=spf1", *wanted, "~all")))
    if not tree.whole and not tree.records:
        hidden = (_HIDDEN,) if sending.is_hidden else ()
        return Finding(KIND, Grade.UNCHECKED, (NO_ANSWER, *hidden), fresh)
    if len(tree.records) > 1:
        sentence = (
            f"There are {len(tree.records)} SPF records, and receivers then trust none of them. Delete them "
            "all, and publish this one in their place."
        )
        merged = _record(sending, _merged(tree.records, wanted))
        return Finding(KIND, Grade.WRONG, (sentence,), merged, tree.records)
    if not tree.records:
        sentence = "There is no SPF record: nothing says that our machines may send for this domain."
        ending = " Publish this." if fresh else f" {_HIDDEN}"
        return Finding(KIND, Grade.WRONG, (sentence + ending,), fresh)
    return _judge(sending, resolver, tree, wanted)


def mechanisms(sending: Sending) -> tuple[str, ...]:
    """Return what the record must name so that mail of ours passes."""
    found = [provider.mechanism for relay in sending.relays if (provider := provider_of(relay))]
    for host in sending.own_hosts:
        if is_address(host):
            found.append(f"ip6:{host}" if ":" in host else f"ip4:{host}")
        else:
            found.append(f"a:{host}")
    return tuple(dict.fromkeys(found))


def _judge(sending: Sending, resolver: Resolver, tree: Tree, wanted: tuple[str, ...]) -> Finding:
    missing = tuple(each for each in wanted if not _is_allowed(each, tree, resolver))
    said: list[tuple[Grade, str]] = []
    if missing:
        said.append(
            (
                Grade.WRONG if tree.whole else Grade.UNCHECKED,
                f"The record does not allow {' and '.join(missing)}, where our mail leaves. "
                "Change it to the one below."
                if tree.whole
                else "Parts of the record could not be read, so whether it allows our mail was not checked.",
            )
        )
    said += _faults(tree)
    if sending.is_hidden:
        said.append((Grade.ATTENTION, _HIDDEN))
    if not said:
        return Finding(KIND, Grade.GOOD, (_praise(tree),), published=tree.records)
    grade = worst([each for each, _ in said])
    record = _record(sending, _merged(tree.records, missing)) if missing and tree.whole else None
    return Finding(KIND, grade, tuple(words for _, words in said), record, tree.records)


def _faults(tree: Tree) -> list[tuple[Grade, str]]:
    said: list[tuple[Grade, str]] = []
    if tree.broken:
        said.append(
            (
                Grade.WRONG,
                (
                    f"Receivers cannot read {', '.join(dict.fromkeys(tree.broken))} in it, and then trust "
                    "the whole record no more. Correct or remove it."
                ),
            )
        )
    if tree.lookups > MOST_LOOKUPS:
        said.append(
            (
                Grade.WRONG,
                (
                    f"It needs {tree.lookups} look-ups, and receivers give up after {MOST_LOOKUPS}. Remove "
                    "services that no longer send for you, or give them a subdomain of their own."
                ),
            )
        )
    elif tree.void > MOST_VOID:
        said.append(
            (
                Grade.WRONG,
                (
                    f"It names {tree.void} hosts that do not exist, and receivers give up after {MOST_VOID}. "
                    "Remove them."
                ),
            )
        )
    ending = tree.root.ending if tree.root else ""
    redirects = tree.root is not None and any(term.kind == "redirect" for term in tree.root.terms)
    if ending == "+":
        said.append((Grade.WRONG, "It ends in +all, which lets everybody send as you. End it in ~all."))
    elif ending == "?" or (not ending and not redirects):
        said.append(
            (
                Grade.ATTENTION,
                "It does not say what to think of other machines. End it in ~all, later in -all.",
            )
        )
    return said


def _is_allowed(mechanism: str, tree: Tree, resolver: Resolver) -> bool:
    kind, _, target = mechanism.partition(":")
    if kind == "include":
        return target in tree.names()
    if kind in {"ip4", "ip6"}:
        return tree.passes(target)
    addresses = resolver.addresses(target)
    tree.whole &= addresses.answered
    return bool(addresses.values) and all(tree.passes(each) for each in addresses.values)


def _praise(tree: Tree) -> str:
    count = f"{tree.lookups} of {MOST_LOOKUPS} look-ups" if tree.lookups else "no look-ups"
    return f"The record allows the machines that send our mail, and needs {count}."


def _merged(records: tuple[str, ...], more: tuple[str, ...]) -> str:
    """Put everything that was allowed, and what is missing, before one ending."""
    words = [word for record in records for word in record.split()[1:]]
    endings = [word for word in words if word.lower() in {"-all", "~all", "?all", "+all", "all"}]
    redirects = [word for word in words if word.lower().startswith("redirect=")]
    kept = [word for word in words if word not in endings and word not in redirects]
    # A redirect counts only while nothing else is said, so it becomes what it stands for.
    kept += [f"include:{word.partition('=')[2]}" for word in redirects]
    ending = "-all" if "-all" in endings else "~all"
    return " ".join(dict.fromkeys(("v=spf1", *kept, *more, ending)))


def _record(sending: Sending, value: str) -> Record | None:
    """Return the record to publish; none while there is nothing that it could allow."""
    return Record(sending.domain, "TXT", value) if len(value.split()) > 2 else None
