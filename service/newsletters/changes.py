"""Creating and editing newsletters: checked, unique, and in the audit log with before and after.

How they look is in `branding`.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service import audit
from service.emails.letters import Layout
from service.errors import InvalidInput
from service.newsletters import checks
from service.newsletters.models import Newsletter, Rhythm, Sender

LONGEST_NAME = 80
LONGEST_TAGLINE = 140
#: Minutes that an edition may wait for a review: two days.
LONGEST_REVIEW = 2880
#: More sign-ups a minute than this are no limit.
MOST_SIGNUPS = 100_000


@dataclass(frozen=True, slots=True)
class NewsletterDraft:
    """What an operator may set; the slug is chosen once, since addresses and List-Id are built from it."""

    name: str
    sender_id: int
    tagline: str = ""
    home_url: str = ""
    privacy_url: str = ""
    locale: str = "en"
    layout: Layout = Layout.LEAD
    time_zone: str = "UTC"
    default_hour: int = 7
    default_rhythm: Rhythm = Rhythm.WEEKLY
    default_weekday: int = 5
    min_items: int = 3
    max_items: int = 10
    review_minutes: int = 0
    signups_per_minute: int = 300
    recognises: bool = False
    archive_public: bool = True


def create(
    session: Session, draft: NewsletterDraft, *, slug: str = "", actor: str, now: datetime
) -> Newsletter:
    """Make a newsletter; without a slug one is made from its name.

    :raises InvalidInput: something cannot be accepted; `field` says what.
    """
    draft = check(session, draft)
    # Two that are made at once would find the same slug free.
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('broadsheet.slug', 0))"))
    newsletter = Newsletter(slug=_free_slug(session, slug, draft.name), created_at=now, **asdict(draft))
    session.add(newsletter)
    session.flush()
    session.refresh(newsletter)
    audit.record(
        session,
        actor=actor,
        action="newsletter.created",
        subject=f"newsletter {newsletter.id}",
        now=now,
        after={"slug": newsletter.slug, **asdict(draft)},
    )
    return newsletter


def edit(
    session: Session, newsletter: Newsletter, draft: NewsletterDraft, *, actor: str, now: datetime
) -> Newsletter:
    """Change a newsletter; what is queued already goes out as it was rendered."""
    new = asdict(check(session, draft))
    before, after = checks.change({name: getattr(newsletter, name) for name in new}, new)
    if after:
        for name, value in after.items():
            setattr(newsletter, name, value)
        session.flush()
        session.refresh(newsletter)
        _note(session, "newsletter.changed", newsletter, actor=actor, now=now, before=before, after=after)
    return newsletter


def close(session: Session, newsletter: Newsletter, *, actor: str, now: datetime) -> None:
    """Stop offering it: no sign-ups, no sending; readers and history stay."""
    if newsletter.closed_at is None:
        newsletter.closed_at = now
        _note(session, "newsletter.closed", newsletter, actor=actor, now=now)


def reopen(session: Session, newsletter: Newsletter, *, actor: str, now: datetime) -> None:
    if newsletter.closed_at is not None:
        newsletter.closed_at = None
        _note(session, "newsletter.reopened", newsletter, actor=actor, now=now)


def check(session: Session, draft: NewsletterDraft) -> NewsletterDraft:
    """Return the draft cleaned.

    :raises InvalidInput: at the first field that cannot be accepted.
    """
    if session.get(Sender, draft.sender_id) is None:
        raise InvalidInput("Choose a sender.", field="sender_id")
    least = checks.number(draft.min_items, field="min_items", least=1, most=14)
    return replace(
        draft,
        name=checks.line(
            draft.name, field="name", longest=LONGEST_NAME, required="Enter the name of the newsletter."
        ),
        tagline=checks.line(draft.tagline, field="tagline", longest=LONGEST_TAGLINE),
        home_url=checks.web_address(draft.home_url, field="home_url"),
        privacy_url=checks.web_address(draft.privacy_url, field="privacy_url"),
        locale=checks.locale(draft.locale),
        time_zone=checks.time_zone(draft.time_zone),
        default_hour=checks.number(draft.default_hour, field="default_hour", least=0, most=23),
        default_rhythm=checks.rhythm(draft.default_rhythm),
        default_weekday=checks.number(draft.default_weekday, field="default_weekday", least=1, most=7),
        min_items=least,
        max_items=checks.number(draft.max_items, field="max_items", least=least, most=14),
        review_minutes=checks.number(
            draft.review_minutes, field="review_minutes", least=0, most=LONGEST_REVIEW
        ),
        signups_per_minute=checks.number(
            draft.signups_per_minute, field="signups_per_minute", least=1, most=MOST_SIGNUPS
        ),
    )


def _free_slug(session: Session, typed: str, name: str) -> str:
    taken = set(session.scalars(select(Newsletter.slug)))
    if typed.strip():
        slug = checks.slug(typed)
        if slug in taken:
            raise InvalidInput("Another newsletter has this address already.", field="slug")
        return slug
    base = checks.slug_from(name, fallback="newsletter")
    numbered = (f"{base[:36]}-{number}" for number in range(2, len(taken) + 3))
    return next(slug for slug in (base, *numbered) if slug not in taken)


def _note(
    session: Session,
    action: str,
    newsletter: Newsletter,
    *,
    actor: str,
    now: datetime,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        session,
        actor=actor,
        action=action,
        subject=f"newsletter {newsletter.id}",
        now=now,
        before=before,
        after=after,
    )
