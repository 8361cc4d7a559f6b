"""SPF records as RFC 7208 reads them: the whole tree, with its lookups counted."""

import ipaddress
import re
from dataclasses import dataclass, field

from service.dns.lookup import Reply, Resolver

#: RFC 7208 4.6.4: more terms that need a look-up, or more empty answers, and receivers give up.
MOST_LOOKUPS = 10
MOST_VOID = 2
#: A tree that needs more is not walked to its end: no receiver would, and whoever wrote it may mean harm.
_ENOUGH = 3 * MOST_LOOKUPS
#: Of one name. A record that repeats a host of thousands would keep us for hours without another question.
_MOST_ADDRESSES = 64
_TERM = re.compile(r"([+\-~?]?)([a-z][a-z0-9._-]*)(?:[:=]([^/]*))?((?:/\d+)?(?://\d+)?)", re.IGNORECASE)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(slots=True)
class Term:
    """One mechanism in its order; `child` is the record that an include names."""

    sign: str
    kind: str
    target: str
    networks: tuple[Network, ...] = ()
    child: "Node | None" = None


@dataclass(slots=True)
class Node:
    """One record of the tree."""

    domain: str
    record: str = ""
    terms: list[Term] = field(default_factory=list)

    @property
    def ending(self) -> str:
        """What is said of everybody else: "-", "~", "?", "+"; empty where nothing is."""
        return next((term.sign for term in self.terms if term.kind == "all"), "")


@dataclass(slots=True)
class Tree:
    """A domain's SPF with everything it includes."""

    #: The texts of the domain itself that are SPF records: more than one is an error.
    records: tuple[str, ...] = ()
    root: Node | None = None
    lookups: int = 0
    void: int = 0
    #: Terms that no receiver understands, or that name a domain without SPF.
    broken: list[str] = field(default_factory=list)
    #: False where a part could not be asked.
    whole: bool = True

    def names(self) -> set[str]:
        """Return every domain that is included, at any depth."""
        return _names(self.root) if self.root else set()

    def passes(self, address: str) -> bool:
        """Say whether mail from this address would pass."""
        return self.root is not None and _passes(self.root, ipaddress.ip_address(address))


def is_spf(text: str) -> bool:
    """Say whether a TXT record is an SPF record (RFC 7208 4.5)."""
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


def read(domain: str, resolver: Resolver) -> Tree:
    """Read the record of a domain and all that it names."""
    tree = Tree()
    reply = resolver.txt(domain)
    tree.whole = reply.answered
    tree.records = tuple(text for text in reply.values if is_spf(text))
    if len(tree.records) == 1:
        tree.root = _node(tree, domain, tree.records[0], resolver, above=())
    return tree


def _node(tree: Tree, domain: str, record: str, resolver: Resolver, *, above: tuple[str, ...]) -> Node:
    node = Node(domain, record)
    for word in record.split()[1:]:
        parts = _TERM.fullmatch(word)
        if parts is None:
            tree.broken.append(word)
            continue
        sign, kind, target, prefix = parts.groups()
        term = _term(tree, sign or "+", kind.lower(), target or "", prefix, word, resolver, node, above)
        if term is not None:
            node.terms.append(term)
    return node


def _term(
    tree: Tree,
    sign: str,
    kind: str,
    target: str,
    prefix: str,
    word: str,
    resolver: Resolver,
    node: Node,
    above: tuple[str, ...],
) -> Term | None:
    term = Term(sign, kind, target)
    if kind in {"ip4", "ip6"}:
        term.networks = _network(target + prefix if kind == "ip4" else word.partition(":")[2])
        if not term.networks:
            tree.broken.append(word)
    elif kind in {"include", "redirect"}:
        tree.lookups += 1
        term.child = _included(tree, target, word, resolver, above=(*above, node.domain))
    elif kind in {"a", "mx"}:
        tree.lookups += 1
        term.networks = _hosts(tree, kind, target or node.domain, prefix, resolver)
    elif kind in {"ptr", "exists"}:
        tree.lookups += 1
    elif kind not in {"all", "exp"} and "=" not in word:
        # Unknown modifiers (name=value) are left alone, unknown mechanisms break the record (4.6.1, 6).
        tree.broken.append(word)
    return term


def _included(
    tree: Tree, target: str, word: str, resolver: Resolver, *, above: tuple[str, ...]
) -> Node | None:
    # A circle, or a tree that no receiver would walk to its end.
    if target in above or tree.lookups > _ENOUGH or "%" in target:
        return None
    reply = resolver.txt(target)
    if not reply.answered:
        tree.whole = False
        return None
    records = [text for text in reply.values if is_spf(text)]
    if len(records) != 1:
        tree.broken.append(word)
        return None
    return _node(tree, target, records[0], resolver, above=above)


def _hosts(tree: Tree, kind: str, name: str, prefix: str, resolver: Resolver) -> tuple[Network, ...]:
    if tree.lookups > _ENOUGH:
        return ()
    hosts = _note(tree, resolver.mx(name)) if kind == "mx" else (name,)
    found: list[Network] = []
    for host in hosts[:MOST_LOOKUPS]:
        reply = resolver.addresses(host)
        for address in _note(tree, reply)[:_MOST_ADDRESSES]:
            four, _, six = prefix.removeprefix("/").partition("//")
            length = six if ":" in address else four
            found += _network(f"{address}/{length}" if length else address)
    return tuple(found)


def _note(tree: Tree, reply: Reply) -> tuple[str, ...]:
    tree.whole &= reply.answered
    tree.void += reply.answered and not reply.values
    return reply.values


def _network(text: str) -> tuple[Network, ...]:
    try:
        return (ipaddress.ip_network(text, strict=False),)
    except ValueError:
        return ()


def _passes(node: Node, address: Address) -> bool:
    for term in node.terms:
        if term.kind == "all":
            return term.sign == "+"
        if term.kind == "include" and term.child is not None and _passes(term.child, address):
            return term.sign == "+"
        if any(address in network for network in term.networks):
            return term.sign == "+"
    redirected = next((term.child for term in node.terms if term.kind == "redirect"), None)
    return redirected is not None and _passes(redirected, address)


def _names(node: Node) -> set[str]:
    found = {term.target.lower() for term in node.terms if term.kind in {"include", "redirect"}}
    for term in node.terms:
        if term.child is not None:
            found |= _names(term.child)
    return found
