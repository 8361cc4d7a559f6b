"""How the sample news site writes its pages and feeds: the templates, and the words they share."""

from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from html import escape
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.demo.publication import SampleArticle, SamplePublication

PAGES = Path(__file__).parent / "pages"


@dataclass(frozen=True, slots=True)
class Story:
    """An article as the site shows it: at a time and under an address."""

    article: SampleArticle
    published_at: datetime
    url: str
    picture_url: str | None


def newsprint(publication: SamplePublication, *, signup_url: str, today: datetime) -> Environment:
    """Return the templates of the site, ready to be filled."""
    pages = Environment(loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined)
    pages.filters["rfc822"] = format_datetime
    pages.filters["day"] = lambda moment: f"{moment:%A} {moment.day} {moment:%B %Y}"
    pages.filters["moment"] = lambda moment: f"{moment:%A} {moment.day} {moment:%B %Y, %H:%M} UTC"
    # The description of an RSS item is HTML: it is escaped here for that, and by Jinja for XML.
    pages.filters["as_html"] = _paragraph
    pages.filters["full_text"] = _full_text
    pages.globals.update(
        publication=publication,
        names={topic.slug: topic.name for topic in publication.topics},
        signup_url=signup_url,
        today=today,
        current=None,
        feed_path="/feed.xml",
        heading=None,
        description=None,
        sections=(),
    )
    return pages


def _full_text(story: Story) -> str:
    figure = ""
    if story.article.picture and story.picture_url:
        source, alt = escape(story.picture_url), escape(story.article.picture.alt)
        figure = f'<figure><img src="{source}" alt="{alt}" width="640" height="360"></figure>'
    return figure + "".join(_paragraph(text) for text in (story.article.summary, *story.article.paragraphs))


def _paragraph(text: str) -> str:
    return f"<p>{escape(text, quote=False)}</p>"
