"""The popular list for the publisher's own pages: choose, look, copy."""

from dataclasses import dataclass
from html import escape

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from service.newsletters import queries
from service.newsletters.models import Newsletter
from service.operators.models import Role
from service.popularity.popular import Period
from service.web.admin import auth
from service.web.context import runtime
from service.web.readers.widget import FEWEST, MOST, USUAL

blueprint = Blueprint("console_widget", __name__, url_prefix="/console/popular-list")
auth.protect(blueprint, change=Role.EDITOR)

#: Of the list in units of its own type: the heading, each article, the link to the sign-up page.
_HEADING, _ARTICLE, _SIGN_UP = 2.75, 5.25, 2.76


@dataclass(frozen=True, slots=True)
class Choice:
    """What an editor chose for a list; everything has a sensible beginning."""

    newsletter: Newsletter
    #: Its slug; "" for all topics.
    topic: str
    items: int
    period: Period
    sign_up: bool

    @property
    def height(self) -> str:
        """What the list takes, so that nothing moves when it comes."""
        return f"{_HEADING + self.items * _ARTICLE + (_SIGN_UP if self.sign_up else 0):.2f}em"

    @property
    def attributes(self) -> dict[str, str]:
        """What differs from the beginning, as the element takes it."""
        chosen = {"newsletter": self.newsletter.slug, "topic": self.topic, "items": str(self.items)}
        chosen["period"] = "" if self.period is Period.WEEK else self.period.value
        chosen["sign-up"] = "" if self.sign_up else "no"
        return {name: value for name, value in chosen.items() if value}


@blueprint.get("/")
def index() -> ResponseReturnValue:
    with runtime().sessions() as session:
        newsletters = queries.list_open(session)
    choice = _choice(newsletters) if newsletters else None
    return render_template(
        "admin/widget.html",
        newsletters=newsletters,
        choice=choice,
        periods=((Period.WEEK, "This week"), (Period.DAY, "Today")),
        numbers=range(FEWEST, MOST + 1),
        snippet=choice and snippet(choice, home=_home(), page=_page(choice.newsletter)),
        beacon=f'<script async src="{_home()}/static/beacon.js"></script>',
        home=_home(),
    )


def snippet(choice: Choice, *, home: str, page: str) -> str:
    """Write what goes into a page: a plain link for who has no scripts, at the height of what replaces it."""
    data = " ".join(f'data-{name}="{escape(value)}"' for name, value in choice.attributes.items())
    return (
        f'<broadsheet-popular style="display:block;min-height:{choice.height}">\n'
        f'  <a href="{escape(page)}">{escape(choice.newsletter.name)}</a>\n'
        "</broadsheet-popular>\n"
        f'<script async src="{home}/static/popular.js"\n'
        f"  {data}></script>"
    )


def _choice(newsletters: list[Newsletter]) -> Choice:
    asked = request.args
    newsletter = next((one for one in newsletters if one.slug == asked.get("newsletter")), newsletters[0])
    topics = {topic.slug for topic in newsletter.open_topics}
    period = asked.get("period", "")
    return Choice(
        newsletter=newsletter,
        topic=asked.get("topic", "") if asked.get("topic") in topics else "",
        items=min(max(asked.get("items", USUAL, type=int), FEWEST), MOST),
        period=Period(period) if period in list(Period) else Period.WEEK,
        # A form without the tick sends nothing of it; a page that is opened has it.
        sign_up="sign-up" in asked or "newsletter" not in asked,
    )


def _home() -> str:
    return runtime().settings.base_url


def _page(newsletter: Newsletter) -> str:
    """Return where the plain link leads: to the same list on our own pages, where these are public."""
    links = runtime().links
    if newsletter.archive_public:
        return links.popular(newsletter.slug)
    return links.newsletter(newsletter.slug)
