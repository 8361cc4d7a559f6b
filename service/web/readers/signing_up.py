"""What happens to a filled-in sign-up form, the same for our page, the frame and the API."""

from dataclasses import dataclass, field

from service.db import transaction
from service.dispatch import TaskName
from service.errors import Conflict, InvalidInput
from service.languages.words import _
from service.newsletters.models import Newsletter
from service.newsletters.queries import missing_for_sending
from service.subscribers import addresses, caps, guard, opt_in, wording
from service.subscribers.caps import CapReached
from service.subscribers.models import Held
from service.subscribers.opt_in import SignUp
from service.web.context import now, runtime, visitor_ip
from service.web.readers.page import circumstances
from service.web.readers.sign_up_form import SignUpForm


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to tell the visitor; the same for every address that may be one."""

    #: Field -> sentence; empty when the form was taken.
    complaints: dict[str, str] = field(default_factory=dict)
    #: The address that was probably meant.
    suggestion: str | None = None
    status: int = 422
    #: Seconds, where a cap was reached.
    retry_after: int | None = None
    #: For the next press, where this one came too soon or with a nonce of yesterday.
    nonce: str | None = None

    @property
    def is_taken(self) -> bool:
        return not self.complaints and self.suggestion is None


def new_nonce(newsletter: Newsletter) -> str:
    """Sign the moment at which a form is made."""
    return guard.nonce(runtime().tokens, newsletter_id=newsletter.id, now=now())


def take(newsletter: Newsletter, form: SignUpForm, *, channel: str, form_url: str | None = None) -> Outcome:
    """Ask the guard, then ask the inbox; the answer tells nothing about the address.

    :raises Conflict: the newsletter is not ready to send anything.
    """
    if missing_for_sending(newsletter):
        raise Conflict(_("Sign-up opens soon; this newsletter is still being prepared."))
    held = guard.judge(runtime().tokens, form.evidence, newsletter_id=newsletter.id, now=now())
    if held is Held.DECOY:
        _count(newsletter, held)
        return Outcome()
    if not form.validate():
        return Outcome(complaints=form.complaints())
    if form.suggestion is not None:
        return Outcome(suggestion=form.suggestion)
    if held is not None:
        _count(newsletter, held)
        sentence = _(guard.SENTENCES[held])
        fresh = new_nonce(newsletter) if held is Held.NONCE else None
        return Outcome(complaints={"form": sentence}, nonce=fresh)
    return _request(newsletter, form, channel=channel, form_url=form_url)


def _request(newsletter: Newsletter, form: SignUpForm, *, channel: str, form_url: str | None) -> Outcome:
    choices = form.choices()
    shown = wording.consented(newsletter, with_announcements=choices.announcements)
    sign_up = SignUp(
        newsletter_id=newsletter.id,
        address=addresses.parse(form.email.data or ""),
        choices=choices,
        circumstances=circumstances(channel, wording=shown, form_url=form_url),
    )
    try:
        with transaction(runtime().sessions) as session:
            # Read a moment ago for the form; the session finds it as long as somebody holds it.
            held = session.merge(newsletter, load=False)
            opt_in.request(session, sign_up, hash_address=runtime().hash_address, now=now())
            del held
    except CapReached as reached:
        _count(newsletter, reached.held_by)
        return Outcome(complaints={"form": str(reached)}, status=429, retry_after=reached.retry_after)
    except InvalidInput as error:
        # Archived or closed between the form and the press.
        return Outcome(complaints={error.field or "form": str(error)})
    runtime().dispatcher.wake(TaskName.DELIVER_TRANSACTIONAL)
    return Outcome()


def _count(newsletter: Newsletter, held: Held) -> None:
    network = caps.network_of(visitor_ip())
    with transaction(runtime().sessions) as session:
        guard.count_refusal(session, held, newsletter_id=newsletter.id, network=network, now=now())
