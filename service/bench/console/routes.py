"""Which pages the console has, and what stands for each: addresses with real numbers in them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, RequestRedirect

ROOT, LIVE = "/console/", "/console/live/"
#: Pages that are not measured here, each with its reason. A test finds out what is neither here nor asked.
EXCUSED = {
    "console_live.stream": "never ends by itself; `--live` holds many of them open",
    "console_second_step.show": "stands between a password and its code, in a login that is half done",
    "console_second_step.passkey_options": "answers a script in a login that is half done",
    "console_factors.passkey_options": "answers a script with numbers that a passkey signs",
    "console_settings.topic": "leads from the audit log on to the topic's own page",
    "console_entrance.invitation": "opens with a link that is mailed once, and reads one account",
    "console_limits.ask_for_domain": "leads from a field to the page of what was typed, and reads nothing",
    "console_forgotten.new_password": "opens with a link that is mailed once, and reads one account",
}
#: A word that chooses, as "failed" or "day", rather than a number or a place in a list.
_CHOICE = re.compile(r"[a-z_]{2,20}")
_PLACE = re.compile(r"\d+(-\d+)?")


@dataclass(frozen=True, slots=True)
class Shape:
    """What two addresses have in common whose answers are made alike."""

    endpoint: str
    rule: str
    keys: tuple[str, ...]

    @property
    def is_file(self) -> bool:
        """Whether it is a download, which lasts as long as what is in it."""
        return self.rule.endswith(".csv")

    def __str__(self) -> str:
        return self.rule + (f" ?{'&'.join(self.keys)}" if self.keys else "")


class Routes:
    """The console's part of the application's map."""

    def __init__(self, url_map: Map) -> None:
        self._urls = url_map.bind("localhost")
        rules = [each for each in url_map.iter_rules() if each.rule.startswith(ROOT)]
        self._rules = {each.rule: each.endpoint for each in rules if "GET" in (each.methods or set())}

    def shape_of(self, address: str) -> Shape | None:
        """Return what an address is one of; None for one that cannot be asked for, or is excused."""
        parts = urlsplit(address)
        try:
            rule, _ = self._urls.match(parts.path, method="GET", return_rule=True)
        except (HTTPException, RequestRedirect):
            return None
        if rule.rule not in self._rules or rule.endpoint in EXCUSED:
            return None
        given = parse_qsl(parts.query)
        return Shape(rule.endpoint, rule.rule, tuple(sorted({name for name, value in given if value})))

    def missing(self, reached: Iterable[Shape]) -> dict[str, str]:
        """Return the rules with their endpoints that nothing was found for."""
        seen = {each.rule for each in reached}
        return {
            rule: endpoint
            for rule, endpoint in self._rules.items()
            if rule not in seen and endpoint not in EXCUSED
        }


def kind_of(address: str) -> tuple[tuple[str, str], ...]:
    """Tell addresses of one shape apart by the words that choose in them."""
    given = parse_qsl(urlsplit(address).query)
    return tuple(sorted((name, value if _CHOICE.fullmatch(value) else "") for name, value in given))


def deep(address: str) -> str | None:
    """Return the address of a page far down the same list; None where this is no place in a list."""
    parts = urlsplit(address)
    given = dict(parse_qsl(parts.query))
    place = given.get("before", "")
    if not _PLACE.fullmatch(place):
        return None
    head, dash, _ = place.partition("-")
    # A place in the ledger is mailing and message: before any message of an old mailing.
    given["before"] = f"{max(1, int(head) // 2)}{dash}{10**15 if dash else ''}"
    return f"{parts.path}?{urlencode(given)}"
