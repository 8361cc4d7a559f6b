"""The digest as a letter."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from service.articles.models import Article
from service.digests.content import NO_MAILING
from service.emails.letters import DigestItem, DigestLetter, DigestSection
from service.emails.splice import defuse
from service.links import Links
from service.newsletters.letterhead import letterhead
from service.newsletters.models import Newsletter
from service.recipes.composing import PLACEHOLDERS
from service.recipes.content import Draft
from service.subscribers import schedule


def digest_letter(
    newsletter: Newsletter, draft: Draft, *, articles: Mapping[int, Article], links: Links
) -> DigestLetter:
    """Build the letter that a recipe is rendered from; reader links are placeholders."""
    topics = {topic.id: topic.name for topic in newsletter.topics}

    def item(entry: dict[str, Any]) -> DigestItem:
        article = articles[entry["article_id"]]
        return digest_item(
            article,
            topic=topics[entry["topic_id"]],
            reason=entry["reason"],
            url=links.click(article_id=article.id, mailing_id=draft.mailing_id, slot=entry["slot"]),
            newsletter=newsletter,
        )

    return DigestLetter(
        letterhead=letterhead(newsletter, locale=draft.locale, links=links),
        subject=draft.subject,
        preheader=draft.content["preheader"],
        issue_date=date.fromisoformat(draft.content["issue_date"]),
        sections=tuple(
            DigestSection(
                key=section["key"],
                heading=section["heading"],
                items=tuple(item(entry) for entry in section["items"]),
            )
            for section in draft.content["sections"]
        ),
        links=PLACEHOLDERS,
        first=draft.content["first"],
        trap_url=trap_url(draft.mailing_id, links),
    )


def trap_url(mailing_id: int, links: Links) -> str:
    """Return the link that only machines follow; a digest that is only looked at has none."""
    return "" if mailing_id == NO_MAILING else links.trap(mailing_id=mailing_id)


def digest_item(article: Article, *, topic: str, reason: str, url: str, newsletter: Newsletter) -> DigestItem:
    """Build a story of the letter; its day is the newsletter's own."""
    return DigestItem(
        title=defuse(article.title),
        summary=defuse(article.summary),
        url=url,
        topic=topic,
        source=article.source.name,
        reason=reason,
        author=article.author,
        published_on=schedule.local_date(article.published_at, time_zone=newsletter.time_zone),
        image_url=article.picture_url,
        image_alt=article.image_alt,
        image_width=article.image_width,
        image_height=article.image_height,
        article_id=article.id,
        language=article.language or newsletter.locale,
    )
