"""The form that stands on the publisher's own pages, and the API behind it (docs/sign-up-api.md).

Any site may ask: answers hold nothing about anybody, no cookie is read or set, and what a sign-up can do is
the same from everywhere. The guard cannot be told from an Origin header, which a machine writes as it likes.
"""

from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify, make_response, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from service.errors import BroadsheetError, InvalidInput
from service.languages import speech
from service.languages.offered import direction
from service.languages.words import _
from service.newsletters.models import Newsletter, Rhythm
from service.newsletters.queries import missing_for_sending
from service.subscribers import wording
from service.web.context import now, runtime
from service.web.errors import STATUSES
from service.web.readers import embed_words, offer, sample, signing_up
from service.web.readers.sign_up import find
from service.web.readers.signing_up import Outcome
from service.web.security import csrf

blueprint = Blueprint("embed", __name__)
# Called from other sites; nobody is logged in here, and the nonce proves the form.
csrf.exempt(blueprint)

SCRIPT = Path(__file__).parent.parent / "static" / "embed.js"
_LONGEST_URL = 300


@blueprint.get("/embed.js")
def script() -> Response:
    """Serve the web component; one name for ever, so it is asked for again every hour."""
    answer = Response(SCRIPT.read_bytes(), content_type="text/javascript; charset=utf-8")
    answer.headers["Cache-Control"] = "public, max-age=3600"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.add_etag()
    answer.make_conditional(request)
    return answer


@blueprint.get("/api/n/<slug>/form")
def show(slug: str) -> ResponseReturnValue:
    """Return everything that a form needs: topics, rhythms, words, and the nonce for one press."""
    newsletter = find(slug)
    if missing_for_sending(newsletter):
        return _refused({"form": _("Sign-up opens soon; this newsletter is still being prepared.")}, 409)
    topic = offer.find_topic(newsletter, request.args.get("topic", ""))
    with runtime().sessions() as session:
        topics = offer.topics(session, newsletter, article_topic=topic, now=now())
        forecast = offer.sentence(
            session,
            newsletter,
            topic_ids=[topic.id] if topic else [each.topic.id for each in topics],
            rhythm=Rhythm.WEEKLY,
            weekday=None,
            enough=None,
            now=now(),
        )
    return jsonify(
        newsletter={"name": newsletter.name, "slug": newsletter.slug, "privacy_url": newsletter.privacy_url},
        lang=speech.spoken(),
        dir=direction(speech.spoken()),
        look=embed_words.look(newsletter),
        nonce=signing_up.new_nonce(newsletter),
        topics=[
            {
                "id": each.topic.id,
                "slug": each.topic.slug,
                "name": each.topic.name,
                "brings": each.brings,
                "from_article": each.from_article,
            }
            for each in topics
        ],
        rhythms=[{"value": value, "label": label} for value, label in offer.rhythms()],
        forecast=forecast,
        words=embed_words.words(),
        consent=wording.sign_up(newsletter),
        latest_url=sample.latest_url(newsletter),
        page_url=url_for("sign_up.show", slug=slug, _external=False),
    )


@blueprint.post("/api/n/<slug>/subscribe", provide_automatic_options=False)
def subscribe(slug: str) -> ResponseReturnValue:
    """Take a sign-up, as JSON or as a form; 202 says that the inbox is asked, whoever it belongs to."""
    press = signing_up.press(slug, _sent_fields(), channel="embed", form_url=_form_url())
    return _taken(press.newsletter) if press.outcome.is_taken else _told(press.outcome)


@blueprint.route("/api/n/<slug>/subscribe", methods=["OPTIONS"])
def preflight(slug: str) -> ResponseReturnValue:
    answer = make_response("", 204)
    answer.headers["Access-Control-Allow-Methods"] = "POST"
    answer.headers["Access-Control-Allow-Headers"] = "Content-Type"
    answer.headers["Access-Control-Max-Age"] = "86400"
    return answer


@blueprint.errorhandler(BroadsheetError)
def problem(error: BroadsheetError) -> ResponseReturnValue:
    """Answer in JSON, with the statuses that pages have."""
    status = next((code for kind, code in STATUSES.items() if isinstance(error, kind)), 500)
    return _refused({"form": str(error)}, status)


@blueprint.after_request
def allow(answer: Response) -> Response:
    """Let pages of any site read the answers of the API; there are no credentials that they could use."""
    if request.path.startswith("/api/"):
        answer.headers["Access-Control-Allow-Origin"] = "*"
        answer.headers["Cache-Control"] = "no-store"
    return answer


def _sent_fields() -> MultiDict[str, str]:
    if not request.is_json:
        return request.form
    sent = request.get_json(silent=True)
    if not isinstance(sent, dict):
        raise InvalidInput(_("Send a JSON object with the fields of the form."))
    fields = MultiDict[str, str]()
    for name, value in sent.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None and one is not False:
                fields.add(name, str(one))
    return fields


def _form_url() -> str | None:
    """Return the page on which the form stood, as its browser reports it, for the consent log."""
    told = request.form.get("page") or request.headers.get("Origin", "")
    try:
        parts = urlsplit(told if told.isprintable() else "")
    except ValueError:
        # As of "http://[": anybody may write an Origin.
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    # Without its query, which may hold anything about the visitor.
    return f"{parts.scheme}://{parts.netloc}{parts.path}"[:_LONGEST_URL]


def _taken(newsletter: Newsletter) -> ResponseReturnValue:
    return jsonify(status="sent", **embed_words.sent(newsletter)), 202


def _told(outcome: Outcome) -> ResponseReturnValue:
    if outcome.suggestion is not None:
        answer = jsonify(status="asked", suggestion=outcome.suggestion)
        return answer, outcome.status
    refusal = _refused(outcome.complaints, outcome.status, nonce=outcome.nonce)
    if outcome.retry_after is not None:
        refusal.headers["Retry-After"] = str(outcome.retry_after)
    return refusal


def _refused(complaints: dict[str, str], status: int, *, nonce: str | None = None) -> Response:
    answer = jsonify(status="refused", errors=complaints, **({"nonce": nonce} if nonce else {}))
    answer.status_code = status
    return answer
