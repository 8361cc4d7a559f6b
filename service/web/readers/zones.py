"""The time zones as a page offers them: by continent, with their names written for people."""

from functools import cache

from babel import Locale

from service.languages import speech
from service.languages.words import _, later
from service.subscribers import schedule

Groups = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]

#: First parts of the names of zones, as the CLDR's territories.
_LANDS = {
    "Africa": "002",
    "America": "019",
    "Antarctica": "AQ",
    "Asia": "142",
    "Australia": "AU",
    "Europe": "150",
}
#: It has no oceans.
_SEAS = {
    "Arctic": later("Arctic"),
    "Atlantic": later("Atlantic Ocean"),
    "Indian": later("Indian Ocean"),
    "Pacific": later("Pacific Ocean"),
}


def offered(chosen: str) -> Groups:
    """(continent, ((zone, place), ...)); a known zone that is not in the list leads it."""
    groups = _groups(speech.manners())
    if not schedule.is_time_zone(chosen) or chosen in schedule.time_zones():
        return groups
    return (("", ((chosen, chosen),)), *groups)


@cache
def _groups(locale: Locale) -> Groups:
    groups: dict[str, list[tuple[str, str]]] = {}
    for zone in schedule.time_zones():
        continent = zone.partition("/")[0] if "/" in zone else ""
        groups.setdefault(_continent(continent, locale), []).append((zone, _place(zone, locale)))
    return tuple((name, tuple(places)) for name, places in groups.items())


def _continent(name: str, locale: Locale) -> str:
    if name in _SEAS:
        return _(_SEAS[name])
    return str(locale.territories.get(_LANDS.get(name, ""), name))


def _place(zone: str, locale: Locale) -> str:
    """Name the city as its readers do; where they have no name of their own for it, by the zone."""
    known = locale.time_zones.get(zone, {}).get("city")
    return str(known or zone.partition("/")[2].replace("_", " ").replace("/", ", ") or zone)
