"""What was done, in one sentence: for the line that also offers to take it back."""

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles.models import Source
from service.languages.lists import joined
from service.languages.words import _, later
from service.subscribers.models import Subscription
from service.subscribers.saving import Saved
from service.web.readers import undoing

#: By the word in the address of the page.
SENTENCES = {
    "saved": later("Saved."),
    "same": later("Nothing was changed."),
    "undone": later("Taken back."),
    "paused": later("Your mail is paused."),
    "resumed": later("Welcome back: your mail comes again."),
    "mailed": later("We have mailed you a link. It works for 30 minutes."),
}
#: What happened to one list, with its words for what was added and for what was taken out.
_LISTS = {
    "excluded_sources": (
        later("Nothing comes from %(names)s any more."),
        later("Articles from %(names)s come again."),
    ),
    "excluded_topics": (
        later("Articles about %(names)s do not come any more."),
        later("Articles about %(names)s may come again."),
    ),
    "topics": (later("You follow %(names)s now."), later("You do not follow %(names)s any more.")),
}


def plainly(word: str) -> str:
    """Say it without looking; nothing for a word that is none."""
    return _(SENTENCES[word]) if word in SENTENCES else ""


def after(session: Session, subscription: Subscription, word: str, *, undo: str) -> str:
    """Say what a save has done: by name where it was one thing, as its undo knows it."""
    if word != "saved" or not undoing.still_holds(subscription, undo):
        return plainly(word)
    saved = undoing.read(subscription.id, undo)
    kind = _what(saved)
    return plainly(word) if kind is None else _told(session, subscription, saved, kind)


def _what(saved: Saved) -> str | None:
    """Name the one list that was changed; a topic that is followed again is not left out any more as well."""
    changed = set(saved.after)
    if changed == {"topics", "excluded_topics"}:
        gained = set(saved.after["topics"]) - set(saved.before["topics"])
        return "topics" if gained else "excluded_topics"
    return changed.pop() if len(changed) == 1 and changed <= _LISTS.keys() else None


def _told(session: Session, subscription: Subscription, saved: Saved, kind: str) -> str:
    before, after = set(saved.before[kind]), set(saved.after[kind])
    added, gone = after - before, before - after
    if bool(added) is bool(gone):
        return plainly("saved")
    sentences = _LISTS[kind]
    names = _names(session, subscription, kind, added or gone)
    return _(sentences[0] if added else sentences[1], names=joined(names))


def _names(session: Session, subscription: Subscription, kind: str, ids: Collection[int]) -> tuple[str, ...]:
    known: Mapping[int, str] = {topic.id: topic.name for topic in subscription.newsletter.topics}
    if kind == "excluded_sources":
        known = dict(session.execute(select(Source.id, Source.name).where(Source.id.in_(ids))).all())
    return tuple(known[one] for one in sorted(ids) if one in known)
