"""What the audit log is about, and the pages where that is: each leads to the other."""

import re

from flask import current_app, request, url_for

#: The page of each kind of subject. `*` is the number in "blast 12".
_PAGES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("newsletter *", "console_newsletters.edit", ("newsletter_id",)),
    ("sender *", "console_senders.edit", ("sender_id",)),
    ("source *", "console_sources.edit", ("source_id",)),
    ("article *", "console_articles.show", ("article_id",)),
    ("edition *", "console_editions.edition", ("edition_id",)),
    ("blast *", "console_blasts.blast", ("blast_id",)),
    ("mailing *", "console_queue.mailing", ("mailing_id",)),
    ("message */*", "console_messages.message", ("mailing_id", "message_id")),
    ("segment *", "console_segments.segment", ("segment_id",)),
    ("subscriber *", "console_readers.reader", ("subscriber_id",)),
    ("the suppression list", "console_suppressions.index", ()),
    ("all bulk mail", "console_queue.ask_to_pause_all", ()),
    ("operator *", "console_operators.operator", ("operator_id",)),
    ("blast rules", "console_blast_rules.index", ()),
    ("topic *", "console_settings.topic", ("topic_id",)),
    ("sign-in rules", "console_sign_in_rules.index", ()),
)


#: Subjects with a name instead of a number: the page, and the part of its address that takes the name.
_NAMED: tuple[tuple[str, str, str], ...] = (
    ("relay ", "console_relay.relay", "relay"),
    ("sending domain ", "console_domains.domain", "name"),
)


def page_of(subject: str) -> str | None:
    """Return the address of what an entry is about, where it has a page."""
    for prefix, endpoint, argument in _NAMED:
        if subject.startswith(prefix) and endpoint in current_app.view_functions:
            return url_for(endpoint, **{argument: subject.removeprefix(prefix)})  # type: ignore[arg-type]  # as below
    numbers = re.findall(r"\d+", subject)
    shape = re.sub(r"\d+", "*", subject)
    for pattern, endpoint, names in _PAGES:
        if pattern == shape and endpoint in current_app.view_functions:
            return url_for(endpoint, **dict(zip(names, map(int, numbers), strict=True)))  # type: ignore[arg-type]  # Flask types its values one by one
    return None


def audit_of_page() -> str | None:
    """Return where the history of what this page shows is, for the foot of the page."""
    for prefix, endpoint, argument in _NAMED:
        if endpoint == request.endpoint and argument in request.args:
            return url_for("console_audit.index", subject=prefix + request.args[argument])
    values = request.view_args or {}
    for pattern, endpoint, names in _PAGES:
        if endpoint == request.endpoint:
            subject = pattern
            for name in names:
                subject = subject.replace("*", str(values[name]), 1)
            return url_for("console_audit.index", subject=subject)
    return None
