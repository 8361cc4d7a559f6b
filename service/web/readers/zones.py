"""The time zones as a page offers them: by continent, with their names written for people."""

from functools import cache

from service.subscribers import schedule

Groups = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def offered(chosen: str) -> Groups:
    """(continent, ((zone, place), ...)); a known zone that is not in the list leads it."""
    if not schedule.is_time_zone(chosen) or chosen in schedule.time_zones():
        return _groups()
    return (("", ((chosen, chosen),)), *_groups())


@cache
def _groups() -> Groups:
    groups: dict[str, list[tuple[str, str]]] = {}
    for zone in schedule.time_zones():
        continent, _, place = zone.rpartition("/") if zone.count("/") == 1 else zone.partition("/")
        groups.setdefault(continent, []).append((zone, place.replace("_", " ").replace("/", ", ") or zone))
    return tuple((name, tuple(places)) for name, places in groups.items())
