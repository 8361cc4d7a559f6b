"""A selection as a recipe: subject, first line and the ordered content that the letter is built from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from service.articles.models import Article
from service.digests.selection.values import Pick, Selection
from service.emails.sanitising import single_line
from service.emails.splice import defuse
from service.languages.words import gettext, n_
from service.recipes.content import Draft
from service.recipes.models import RecipeKind

SUBJECT_LENGTH = 60
PREHEADER_LENGTH = 90
#: In the links of a digest that is only looked at: whoever follows one is no reader, and is not counted.
NO_MAILING = 0


@dataclass(frozen=True, slots=True)
class Issue:
    """What all digests of one pass over an edition have in common."""

    newsletter_id: int
    mailing_id: int
    locale: str
    #: The readers' local day.
    day: date
    #: True for the digest that greets a new reader.
    first: bool = False


def draft(selection: Selection, *, issue: Issue, articles: Mapping[int, Article]) -> Draft:
    """Write a selection down as a recipe to be made, in the spoken language."""
    titles = [title(articles[article_id]) for article_id in selection.article_ids]
    return Draft(
        kind=RecipeKind.DIGEST,
        newsletter_id=issue.newsletter_id,
        mailing_id=issue.mailing_id,
        subject=subject(titles),
        locale=issue.locale,
        content=_content(selection, issue=issue, titles=titles),
        article_ids=selection.article_ids,
    )


def title(article: Article) -> str:
    """Return a headline as subject and first line have it."""
    return defuse(single_line(article.title))


def subject(titles: list[str]) -> str:
    """The lead's headline, and how many more there are: "Harbour opens early and 9 more"."""
    lead, more = shorten(titles[0], SUBJECT_LENGTH), len(titles) - 1
    return n_("%(lead)s and %(n)s more", "%(lead)s and %(n)s more", more, lead=lead) if more else lead


def also() -> str:
    """What stands before the next headlines, with a place for them."""
    return gettext("Also: %(headlines)s")


def preheader(titles: list[str], *, also: str) -> str:
    """The next headlines: what the inbox shows beside the subject."""
    if len(titles) == 1:
        return shorten(titles[0], PREHEADER_LENGTH)
    return shorten(also % {"headlines": " · ".join(titles[1:4])}, PREHEADER_LENGTH)


def shorten(line: str, length: int) -> str:
    """Cut at the end of a word so that the line with its ellipsis fits; one endless word is cut inside."""
    if len(line) <= length:
        return line
    cut = line[:length]
    at_word = cut.rpartition(" ")[0]
    kept = at_word if len(at_word) >= length // 2 else cut[:-1]
    return kept.rstrip(" ,;:.·–—-") + "…"


def _content(selection: Selection, *, issue: Issue, titles: list[str]) -> dict[str, Any]:
    return {
        "issue_date": issue.day.isoformat(),
        "first": issue.first,
        "preheader": preheader(titles, also=also()),
        "sections": sections(selection),
    }


def sections(selection: Selection) -> list[dict[str, Any]]:
    """Write the sections down as a recipe has them."""
    return [
        {
            "key": section.key,
            "heading": section.heading,
            "items": [item(pick) for pick in section.picks],
        }
        for section in selection.sections
    ]


def item(pick: Pick) -> dict[str, Any]:
    """Write a pick down; of the exploration also which number won the slot."""
    found: dict[str, Any] = {
        "article_id": pick.article_id,
        "topic_id": pick.topic_id,
        "slot": pick.slot,
        "reason": pick.reason,
    }
    return found if pick.draw is None else found | {"draw": pick.draw}
