"""A DNS that says what a test wrote into it; names it was told to be silent about go unanswered."""

from dataclasses import dataclass, field

from service.dns.lookup import UNANSWERED, Reply


@dataclass
class FakeDns:
    """Implements `service.dns.lookup.Resolver`."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    hosts: dict[str, list[str]] = field(default_factory=dict)
    mail: dict[str, list[str]] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)

    def txt(self, name: str) -> Reply:
        return self._of(self.texts, name)

    def addresses(self, name: str) -> Reply:
        return self._of(self.hosts, name)

    def mx(self, name: str) -> Reply:
        return self._of(self.mail, name)

    def ptr(self, address: str) -> Reply:
        return self._of(self.names, address)

    def _of(self, records: dict[str, list[str]], name: str) -> Reply:
        self.asked.append(name)
        return UNANSWERED if name in self.silent else Reply(tuple(records.get(name, ())))
