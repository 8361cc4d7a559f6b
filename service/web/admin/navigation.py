"""The console's navigation, in one visible list; an entry whose page does not exist is left out."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app, request, url_for


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the navigation: the page it leads to, and who sees it."""

    label: str
    endpoint: str
    role: str = "viewer"


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as the layout shows it."""

    label: str
    url: str
    is_current: bool


GROUPS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "Desk",
        (
            Entry("Overview", "console_overview.index"),
            Entry("Queue", "console_queue.index"),
            Entry("Editions", "console_editions.index"),
            Entry("Articles", "console_articles.index"),
            Entry("Blasts", "console_blasts.index"),
            Entry("Reports", "console_reports.index"),
        ),
    ),
    (
        "Publication",
        (
            Entry("Newsletters", "console_newsletters.index"),
            Entry("Senders", "console_senders.index"),
            Entry("Sources", "console_sources.index"),
            Entry("Categories", "console_categories.index"),
            Entry("Popular list", "console_widget.index"),
        ),
    ),
    (
        "House",
        (
            Entry("Readers", "console_readers.index"),
            Entry("Suppressions", "console_suppressions.index"),
            Entry("Sign-ups", "console_signups.index"),
            Entry("Relays", "console_relays.index"),
            Entry("Settings", "console_settings.index"),
            Entry("Operators", "console_operators.index", role="admin"),
            Entry("Audit log", "console_audit.index"),
        ),
    ),
)


def groups(may: Callable[[str], bool]) -> list[tuple[str, list[Link]]]:
    """Return the navigation for this operator; the entry of the current blueprint is marked."""
    found = []
    for title, entries in GROUPS:
        links = [_link(entry) for entry in entries if _exists(entry) and may(entry.role)]
        if links:
            found.append((title, links))
    return found


def first_page() -> str:
    """Return where an operator lands after logging in: the first page there is."""
    found = (
        entry.endpoint
        for _, entries in GROUPS
        for entry in entries
        if _exists(entry) and entry.role == "viewer"
    )
    return url_for(next(found, "console_account.index"))


def _link(entry: Entry) -> Link:
    url = url_for(entry.endpoint)
    here = request.path == url or (url != "/console/" and request.path.startswith(url))
    return Link(entry.label, url, is_current=here)


def _exists(entry: Entry) -> bool:
    return entry.endpoint in current_app.view_functions
