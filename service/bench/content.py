"""What the benchmark's mails say: invented, the same every time, and of about the size that was asked for."""

from collections.abc import Callable, Sequence
from datetime import datetime
from random import Random

from service.articles.models import Article, Source
from service.delivery import mime
from service.delivery.ports import Head, ListHeaders, Mail
from service.digests.selection.values import Pick, Section, Selection
from service.emails.letters import EmailContent
from service.emails.splice import splice
from service.links import Links
from service.newsletters.models import Newsletter, Rhythm, Sender, Topic
from service.recipes.composing import reader_values
from service.subscribers import emails as subscriber_emails
from service.subscribers.models import Subscription

DOMAIN = "bench.example"
ITEMS = 14
#: Of them in the first section.
POPULAR = 4
#: A week of a busy newsletter.
ARTICLES = 240
_TOPICS = ("Harbour", "Council", "Science", "Energy", "Theatre", "Football")
_PROSE = (
    "the harbour council evening market opens early after a quiet winter and the ferry crews say that new "
    "lines will carry more people across the bay while teachers from both banks ask for longer hours in "
    "the library café where engineers measured wind above the old mill bridge before rain stopped their "
    "work on Tuesday – nobody was hurt “we are glad” said one of them it’s only a beginning"
)
WORDS = tuple(_PROSE.split())


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
            title=_sentence(random, 7),
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


def selection(newsletter: Newsletter, articles: Sequence[Article], *, number: int) -> Selection:
    """Choose 14 articles, others for each number; an article stays in its topic."""
    chosen = Random(number).sample(range(len(articles)), ITEMS)
    picks = tuple(
        Pick(
            article_id=articles[index].id,
            topic_id=newsletter.topics[index % len(newsletter.topics)].id,
            slot=place + 1,
            reason="Most read this week" if place < POPULAR else "You follow this",
        )
        for place, index in enumerate(chosen)
    )
    return Selection(
        (Section("popular", "Most read", picks[:POPULAR]), Section("new", "New", picks[POPULAR:]))
    )


def blast_markdown(words: int) -> str:
    """Invent an announcement of this many words."""
    random = Random(words)
    sentences = [_sentence(random, 18) for _ in range(max(1, words // 18))]
    return "\n\n".join(" ".join(sentences[start : start + 4]) for start in range(0, len(sentences), 4))


def raw_size(content: EmailContent, newsletter: Newsletter, *, links: Links, now: datetime) -> int:
    """Return how many bytes a rendered letter becomes on the wire, unsigned."""
    sample = Subscription(
        id=1,
        subscriber_id=1,
        newsletter=newsletter,
        locale=newsletter.locale,
        topic_ids=[],
        rhythm=Rhythm.WEEKLY,
        weekday=5,
        hour=7,
    )
    own = subscriber_emails.reader_links(sample, links=links, mailing_id=1)
    head = Head(
        from_name=newsletter.sender.name,
        from_address=newsletter.sender.email,
        reply_to=newsletter.sender.email,
        subject=content.subject,
        date=now,
        feedback_id="m1:bench:digest:broadsheet",
        list=ListHeaders(newsletter.list_id, newsletter.name, links.newsletter(newsletter.slug)),
    )
    body = mime.body_of(splice(content, reader_values(own)))
    mail = Mail(head, f"reader000001@{DOMAIN}", own.unsubscribe_url, body)
    return len(mime.build(mail, message_id="0" * 32).raw)


def words_for(size: int, measure: Callable[[int], int], *, low: int, high: int) -> int:
    """Return how many words make a mail of this size; size grows evenly with them."""
    small, large = measure(low), measure(high)
    per_word = (large - small) / (high - low)
    return max(1, low + round((size - small) / per_word))


def _sentence(random: Random, words: int) -> str:
    return " ".join(random.choices(WORDS, k=words)).capitalize() + "."
