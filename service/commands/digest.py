"""`broadsheet digest`: see digests before they are sent."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from service.clock import utc_now
from service.commands.connected import connected
from service.digests import foreseeing, rehearsal
from service.digests.foreseeing import Foreseen
from service.digests.rehearsal import Rehearsal
from service.errors import NotFound
from service.newsletters import queries as newsletters
from service.newsletters.models import Rhythm
from service.subscribers.choices import RHYTHMS


@click.group()
def digest() -> None:
    """See what readers would get, before it goes. Nothing is changed and nothing is sent."""


@digest.command()
@click.argument("reader")
@click.option("--newsletter", default=None, help="Short name (in its address); left out, all of theirs.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    default=None,
    help="Write the HTML part here, to look at it in a browser.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per subscription.")
def preview(reader: str, newsletter: str | None, html: Path | None, as_json: bool) -> None:
    """Show the next digest of READER: an address, or the number of a subscription.

    It is chosen and written by the same code as the real one, from what has settled by now, for the reader's
    next slot; what arrives until then may still change it. Each article stands with its reason.

    Needs DATABASE_URL and the other settings, like every process.

    \b
    Examples:
      broadsheet digest preview ada@example.org
      broadsheet digest preview 4711 --html next.html
    """
    with connected() as runtime, runtime.sessions() as session:
        scope = None
        if newsletter is not None:
            found = newsletters.find_by_slug(session, newsletter)
            if found is None:
                raise NotFound(f"There is no newsletter “{newsletter}”.")
            scope = found.id
        subscriptions = foreseeing.find(session, reader, newsletter_id=scope)
        if html is not None and len(subscriptions) > 1:
            raise click.UsageError("This reader has several newsletters; name one with --newsletter.")
        for subscription in subscriptions:
            seen = foreseeing.foresee(session, subscription, links=runtime.links, now=utc_now())
            if html is not None and seen.content is not None:
                html.write_text(seen.content.html, encoding="utf-8")
            click.echo(json.dumps(_seen_json(seen)) if as_json else "\n".join(_seen_lines(seen)))


@digest.command()
@click.argument("newsletter")
@click.option(
    "--rhythm",
    type=click.Choice([rhythm.value for rhythm in RHYTHMS]),
    default=Rhythm.WEEKLY.value,
    show_default=True,
    help="Whose edition.",
)
@click.option("--most", type=click.IntRange(1), default=None, help="Look at so many readers only.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def rehearse(newsletter: str, rhythm: str, most: int | None, as_json: bool) -> None:
    """Choose a whole edition of NEWSLETTER without sending it.

    Says how many readers would get how many articles, who would be skipped and why, which topics have too
    little, which digests most readers would get, and how long sending would take by the best hour of the last
    week. A million readers take about two minutes.

    \b
    Examples:
      broadsheet digest rehearse courier
      broadsheet digest rehearse courier --rhythm daily --most 10000 --json
    """
    shown = not as_json and sys.stderr.isatty()

    def progress(done: int, total: int) -> None:
        if shown:
            click.echo(f"\r\033[K  {done:,} of {total:,} readers", nl=False, err=True)

    with connected() as runtime, runtime.sessions() as session:
        found = newsletters.find_by_slug(session, newsletter)
        if found is None:
            raise NotFound(f"There is no newsletter “{newsletter}”.")
        seen = rehearsal.rehearse(
            session, found, rhythm=Rhythm(rhythm), now=utc_now(), most=most, progress=progress
        )
    if shown:
        click.echo("\r\033[K", nl=False, err=True)
    click.echo(json.dumps(_rehearsed_json(seen)) if as_json else "\n".join(_rehearsed_lines(seen)))


def _seen_json(seen: Foreseen) -> dict[str, Any]:
    return {
        "subscription": seen.subscription_id,
        "newsletter": seen.newsletter,
        "rhythm": seen.rhythm.value,
        "slot_at": seen.slot_at.isoformat() if seen.slot_at else None,
        "skipped": seen.why_not or None,
        "subject": seen.subject,
        "items": [
            {
                "article": item.article_id,
                "title": item.title,
                "reason": item.reason,
                "section": item.section,
            }
            for item in seen.items
        ],
        "text": seen.content.text if seen.content else "",
    }


def _seen_lines(seen: Foreseen) -> list[str]:
    when = f"{seen.slot_at:%A %-d %B, %H:%M} UTC" if seen.slot_at else "never"
    lines = [
        f"{seen.newsletter}, {RHYTHMS[seen.rhythm].lower()}, subscription {seen.subscription_id}",
        f"  {when}",
    ]
    if seen.why_not:
        return [*lines, f"  No digest: {seen.why_not}."]
    lines += [f"  {seen.subject}", ""]
    section = ""
    for n, item in enumerate(seen.items, start=1):
        if item.section != section:
            section = item.section
            lines.append(f"  {section}")
        lines.append(f"  {n:3}. {item.title}")
        lines.append(f"       {item.reason}")
    return lines


def _rehearsed_json(seen: Rehearsal) -> dict[str, Any]:
    return {
        "newsletter": seen.newsletter,
        "rhythm": seen.rhythm.value,
        "readers": seen.readers,
        "looked_at": seen.looked_at,
        "digests": seen.planned,
        "by_items": dict(sorted(seen.by_items.items())),
        "skipped": dict(seen.skipped),
        "thin_topics": [{"topic": name, "new": n} for name, n in seen.thin_topics],
        "recipes": seen.recipes,
        "biggest": [{"lead": lead, "items": items, "readers": n} for lead, items, n in seen.biggest],
        "seconds": None if seen.seconds is None else round(seen.seconds, 1),
    }


def _rehearsed_lines(seen: Rehearsal) -> list[str]:
    lines = [
        f"{seen.newsletter}, {RHYTHMS[seen.rhythm].lower()}: {seen.looked_at:,} of {seen.readers:,} readers",
        "",
        f"  {seen.planned:,} digests, {seen.recipes:,} different ones",
    ]
    most = max(seen.by_items.values(), default=1)
    for items, readers in sorted(seen.by_items.items()):
        lines.append(f"  {items:4} articles  {'█' * max(1, 30 * readers // most):<30}  {readers:,}")
    for reason, readers in seen.skipped.most_common():
        lines.append(f"  {readers:,} skipped: {reason}")
    if seen.thin_topics:
        lines += ["", "  Topics with little new:"]
        lines += [f"    {name}: {n}" for name, n in seen.thin_topics]
    if seen.biggest:
        lines += ["", "  Digests that most readers would get:"]
        lines += [f"    {readers:>9,}  {lead} ({items} articles)" for lead, items, readers in seen.biggest]
    if seen.seconds is not None:
        lines += [
            "",
            f"  Sending takes about {max(1, round(seen.seconds / 60)):,} min at the best hour's pace.",
        ]
    return lines
