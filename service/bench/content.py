"""What the benchmark's mails say: invented, the same every time, and of about the size that was asked for."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from random import Random

from service.articles.models import Article, Source
from service.blasts import emails as blast_emails
from service.delivery import mime
from service.delivery.ports import ListHeaders, Mail
from service.digests import content as digest_content
from service.digests import emails as digest_emails
from service.digests.content import Issue
from service.digests.selection import Pick, Section, Selection
from service.emails import rendering
from service.emails.letters import EmailContent
from service.emails.splice import splice
from service.links import Links
from service.newsletters.models import Newsletter, Sender, Topic
from service.recipes.composing import reader_values
from service.recipes.content import Draft
from service.subscribers.models import Subscription

DOMAIN = "bench.example"
#: Stands in every title of a rendered digest; a number takes its place, so that each recipe is another one.
STAMP = "qstampq"
ITEMS = 14
ARTICLES = 48
_TOPICS = ("Harbour", "Council", "Science", "Energy", "Theatre", "Football")
_PROSE = (
    "the harbour council evening market opens early after a quiet winter and the ferry crews say that new "
    "lines will carry more people across the bay while teachers from both banks ask for longer hours in "
    "the library café where engineers measured wind above the old mill bridge before rain stopped their "
    "work on Tuesday – nobody was hurt “we are glad” said one of them it’s only a beginning"
)
_WORDS = tuple(_PROSE.split())


def newsletter(*, now: datetime) -> Newsletter:
    """Invent a newsletter with everything that sending needs."""
    row = Newsletter(
        slug="bench",
        name="The Bench Courier",
        tagline="Measured daily",
        home_url=f"https://{DOMAIN}/",
        locale="en",
        accent="#8a1c1c",
        sender=Sender(
            name="The Bench Courier",
            email=f"news@{DOMAIN}",
            postal_address="1 Quay Street, Harbour",
            created_at=now,
        ),
        max_items=ITEMS,
        created_at=now,
    )
    row.topics = [Topic(slug=name.lower(), name=name, position=n) for n, name in enumerate(_TOPICS)]
    return row


def articles(source: Source, *, words: int, now: datetime) -> list[Article]:
    """Invent articles whose summaries have this many words."""
    random = Random(words)
    return [
        Article(
            newsletter_id=source.newsletter_id,
            source=source,
            guid=f"article-{number}",
            url=f"https://{DOMAIN}/{number}",
            canonical_url=f"https://{DOMAIN}/{number}",
            title=f"{STAMP} {_sentence(random, 6)}",
            summary=_sentence(random, words),
            author="Ada Quill",
            image_alt="",
            categories=[],
            published_at=now,
            fetched_at=now,
            changed_at=now,
        )
        for number in range(ARTICLES)
    ]


def digest(
    newsletter: Newsletter, articles: list[Article], *, number: int, issue: Issue, links: Links
) -> tuple[Draft, EmailContent]:
    """Choose 14 articles and render them as a digest is."""
    chosen = [articles[(number * 5 + place * 3) % len(articles)] for place in range(ITEMS)]
    picks = [
        Pick(
            article_id=article.id,
            topic_id=newsletter.topics[place % len(newsletter.topics)].id,
            slot=place + 1,
            reason="Most read this week" if place < 4 else "You follow this",
        )
        for place, article in enumerate(chosen)
    ]
    selection = Selection(
        (Section("popular", "Most read", tuple(picks[:4])), Section("new", "New", tuple(picks[4:])))
    )
    by_id = {article.id: article for article in chosen}
    draft = digest_content.draft(selection, issue=issue, articles=by_id)
    return draft, rendering.render(
        digest_emails.digest_letter(newsletter, draft, articles=by_id, links=links)
    )


def stamped(draft: Draft, content: EmailContent, *, number: int) -> tuple[Draft, EmailContent]:
    """Return the same digest as one that nobody else gets."""
    stamp = f"n{number:06d}"
    own = EmailContent(
        subject=content.subject.replace(STAMP, stamp),
        text=content.text.replace(STAMP, stamp),
        html=content.html.replace(STAMP, stamp),
    )
    return replace(draft, subject=own.subject), own


def blast_markdown(words: int) -> str:
    """Invent an announcement of this many words."""
    random = Random(words)
    sentences = [_sentence(random, 18) for _ in range(max(1, words // 18))]
    return "\n\n".join(" ".join(sentences[start : start + 4]) for start in range(0, len(sentences), 4))


def raw_size(content: EmailContent, newsletter: Newsletter, *, links: Links, now: datetime) -> int:
    """Return how many bytes a rendered letter becomes on the wire, unsigned."""
    values = blast_emails.reader_links(
        Subscription(id=1, subscriber_id=1, newsletter=newsletter), links=links, mailing_id=1
    )
    mail = Mail(
        to_address=f"reader000001@{DOMAIN}",
        from_name=newsletter.sender.name,
        from_address=newsletter.sender.email,
        reply_to=newsletter.sender.email,
        content=splice(content, reader_values(values)),
        date=now,
        feedback_id="m1:bench:digest:broadsheet",
        list_headers=ListHeaders(
            newsletter.list_id, newsletter.name, values.unsubscribe_url, links.newsletter(newsletter.slug)
        ),
    )
    return len(mime.build(mail, message_id="0" * 32))


def words_for(size: int, measure: Callable[[int], int], *, low: int, high: int) -> int:
    """Return how many words make a mail of this size; size grows evenly with them."""
    small, large = measure(low), measure(high)
    per_word = (large - small) / (high - low)
    return max(1, low + round((size - small) / per_word))


def _sentence(random: Random, words: int) -> str:
    # Never the stamp's letters: it is looked for in the rendered mail.
    return " ".join(random.choices(_WORDS, k=words)).capitalize() + "."
