"""The sign-up page of a newsletter, and the page that says to look into the inbox."""

from typing import Any

from flask import Blueprint, Response, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from service.languages import dates
from service.newsletters.models import Newsletter, Rhythm, Topic
from service.newsletters.queries import missing_for_sending
from service.subscribers import wording
from service.web.context import now, runtime
from service.web.readers import offer, sample, signing_up
from service.web.readers.page import get_newsletter, page
from service.web.readers.sign_up_form import SignUpForm
from service.web.readers.signing_up import Outcome
from service.web.security import csrf

blueprint = Blueprint("sign_up", __name__)


@blueprint.get("/n/<slug>")
def show(slug: str) -> ResponseReturnValue:
    newsletter = find(slug)
    topic = offer.find_topic(newsletter, request.args.get("topic", ""))
    return _page(newsletter, blank(newsletter, topic), Outcome(), topic=topic)


@blueprint.post("/n/<slug>")
def submit(slug: str) -> ResponseReturnValue:
    """Take a request; the answer is the same whether or not the address is known."""
    press = signing_up.press(slug, request.form, channel="form")
    if press.outcome.is_taken:
        return redirect(url_for("sign_up.sent", slug=slug), code=303)
    topic = offer.find_topic(press.newsletter, request.form.get("topic", ""))
    return refused(_page(press.newsletter, press.form, press.outcome, topic=topic), press.outcome)


@blueprint.post("/n/<slug>/start")
def start(slug: str) -> ResponseReturnValue:
    """Show the page filled in with what a plain form on the publisher's page sent; nothing is done yet."""
    newsletter = find(slug)
    topic = offer.find_topic(newsletter, request.form.get("topic", ""))
    form = blank(newsletter, topic)
    form.email.data = request.form.get("email", "")[:300]
    return _page(newsletter, form, Outcome(), topic=topic, is_started=True)


# It stands on other sites, changes nothing, and leads to a form that has both of its proofs.
csrf.exempt(start)


@blueprint.get("/n/<slug>/sent")
def sent(slug: str) -> ResponseReturnValue:
    newsletter = find(slug)
    return page("sent", newsletter=newsletter, latest_url=sample.latest_url(newsletter))


@blueprint.get("/n/<slug>/forecast")
def forecast(slug: str) -> ResponseReturnValue:
    """Say what a choice would bring, for the line that follows it; any page may ask."""
    newsletter = find(slug)
    asked = request.args
    with runtime().sessions() as session:
        sentence = offer.sentence(
            session,
            newsletter,
            topic_ids=asked.getlist("topics", type=int),
            rhythm=asked.get("rhythm"),
            weekday=asked.get("weekday", type=int),
            enough=asked.get("enough_items", type=int),
            now=now(),
        )
    answer = jsonify(sentence=sentence)
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer


def find(slug: str) -> Newsletter:
    """Return an open newsletter and speak its language.

    :raises NotFound: there is none under this name.
    """
    with runtime().sessions() as session:
        return get_newsletter(session, slug)


def blank(newsletter: Newsletter, topic: Topic | None) -> SignUpForm:
    """Return a form as it begins: weekly, with the topic of the article from which somebody comes."""
    return SignUpForm(
        newsletter,
        topics=[] if topic is None else [topic.id],
        rhythm=Rhythm.WEEKLY.value,
        hour=newsletter.default_hour,
        time_zone=newsletter.time_zone,
        nonce=signing_up.new_nonce(newsletter),
    )


def refused(answer: Response, outcome: Outcome) -> Response:
    """Give an answer its status, and say when to come back."""
    answer.status_code = outcome.status
    if outcome.retry_after is not None:
        answer.headers["Retry-After"] = str(outcome.retry_after)
    return answer


def values(
    newsletter: Newsletter, form: SignUpForm, outcome: Outcome, *, topic: Topic | None
) -> dict[str, Any]:
    """What both the page and the frame are rendered with."""
    if outcome.nonce is not None:
        form.nonce.data = outcome.nonce
    with runtime().sessions() as session:
        return {
            "form": form,
            "complaints": outcome.complaints,
            "suggestion": outcome.suggestion,
            "open": not missing_for_sending(newsletter),
            "topics": offer.topics(session, newsletter, article_topic=topic, now=now()),
            "article_topic": topic,
            "rhythms": offer.rhythms(),
            "forecast": offer.sentence(
                session,
                newsletter,
                topic_ids=form.topics.data or (),
                rhythm=form.rhythm.data,
                weekday=form.weekday.data,
                enough=form.enough_items.data,
                now=now(),
            ),
            "latest_url": sample.latest_url(newsletter),
            "consent": wording.sign_up(newsletter),
        }


def _page(
    newsletter: Newsletter,
    form: SignUpForm,
    outcome: Outcome,
    *,
    topic: Topic | None,
    is_started: bool = False,
) -> Response:
    return page(
        "sign_up",
        newsletter=newsletter,
        is_started=is_started,
        weekdays=offer.weekdays(),
        hour=dates.time_of_day(newsletter.default_hour),
        announcements=wording.announcements(newsletter),
        **values(newsletter, form, outcome, topic=topic),
    )
