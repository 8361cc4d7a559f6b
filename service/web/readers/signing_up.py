"""What happens to a filled-in sign-up form, the same for our page, the frame and the API."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import BoundedSemaphore

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from service.db import transaction
from service.dispatch import TaskName
from service.errors import Conflict, InvalidInput, TooManyRequests
from service.languages.words import _
from service.newsletters.models import Newsletter
from service.newsletters.queries import missing_for_sending
from service.subscribers import caps, guard, opt_in, wording
from service.subscribers.caps import CapReached
from service.subscribers.consent import Circumstances
from service.subscribers.opt_in import SignUp
from service.subscribers.signup_models import Held
from service.web.context import now, runtime, visitor_ip
from service.web.readers.page import circumstances, get_newsletter
from service.web.readers.sign_up_form import SignUpForm

#: Presses that a process works on at the same time; others wait for their turn. With 26 at once, each in
#: the others' way, a short stall never ended: at 100 a second the median went from 13 ms to 1.5 s.
_AT_ONCE = BoundedSemaphore(4)
#: Presses that may wait or be worked on. While the database stands still for sign-ups, the other threads are
#: there for everybody else: for the red button, too.
_ROOM = BoundedSemaphore(48)
_PATIENCE_SECONDS = 10.0


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
    #: Whether a mail may have been written, which a worker is woken for.
    may_mail: bool = False

    @property
    def is_taken(self) -> bool:
        return not self.complaints and self.suggestion is None


def new_nonce(newsletter: Newsletter) -> str:
    """Sign the moment at which a form is made."""
    return guard.nonce(runtime().tokens, newsletter_id=newsletter.id, now=now())


@dataclass(frozen=True, slots=True)
class Press:
    """One press of the button, and what became of it."""

    newsletter: Newsletter
    form: SignUpForm
    outcome: Outcome


def press(slug: str, fields: MultiDict[str, str], *, channel: str, form_url: str | None = None) -> Press:
    """Ask the guard, then ask the inbox; the answer tells nothing about the address.

    All of it is one transaction: what is refused has written nothing but its count.

    :raises Conflict: the newsletter is not ready to send anything.
    :raises NotFound: there is no open newsletter under this name.
    :raises TooManyRequests: so many wait already that this one would wait too long.
    """
    with _turn(), transaction(runtime().sessions) as session:
        newsletter = get_newsletter(session, slug)
        form = SignUpForm(newsletter, fields)
        outcome = _take(session, form, circumstances(channel, form_url=form_url))
    if outcome.may_mail:
        runtime().dispatcher.wake(TaskName.DELIVER_TRANSACTIONAL)
    return Press(newsletter, form, outcome)


@contextmanager
def _turn() -> Iterator[None]:
    """Wait until it is this press's turn, for a while."""
    if not _ROOM.acquire(blocking=False):
        raise _crowded()
    try:
        if not _AT_ONCE.acquire(timeout=_PATIENCE_SECONDS):
            raise _crowded()
        try:
            yield
        finally:
            _AT_ONCE.release()
    finally:
        _ROOM.release()


def _crowded() -> TooManyRequests:
    sentence = _("Very many people are signing up at this moment. Please try again in a few minutes.")
    return TooManyRequests(sentence, retry_after=60)


def _take(session: Session, form: SignUpForm, where: Circumstances) -> Outcome:
    newsletter = form.newsletter
    if missing_for_sending(newsletter):
        raise Conflict(_("Sign-up opens soon; this newsletter is still being prepared."))
    held = guard.judge(runtime().tokens, form.evidence, newsletter_id=newsletter.id, now=now())
    if held is Held.DECOY:
        _count(session, newsletter, held)
        return Outcome()
    if not form.validate():
        return Outcome(complaints=form.complaints())
    if form.suggestion is not None:
        return Outcome(suggestion=form.suggestion)
    if held is not None:
        _count(session, newsletter, held)
        sentence = _(guard.SENTENCES[held])
        fresh = new_nonce(newsletter) if held is Held.NONCE else None
        return Outcome(complaints={"form": sentence}, nonce=fresh)
    return _request(session, form, where)


def _request(session: Session, form: SignUpForm, where: Circumstances) -> Outcome:
    newsletter, choices = form.newsletter, form.choices()
    shown = wording.consented(newsletter, with_announcements=choices.announcements)
    sign_up = SignUp(address=form.address, choices=choices, circumstances=replace(where, wording=shown))
    try:
        opt_in.request(session, newsletter, sign_up, hash_address=runtime().hash_address, now=now())
    except CapReached as reached:
        _count(session, newsletter, reached.held_by)
        return Outcome(complaints={"form": str(reached)}, status=429, retry_after=reached.retry_after)
    except InvalidInput as error:
        # Archived between the form and the press.
        return Outcome(complaints={error.field or "form": str(error)})
    return Outcome(may_mail=True)


def _count(session: Session, newsletter: Newsletter, held: Held) -> None:
    network = caps.network_of(visitor_ip())
    guard.count_refusal(session, held, newsletter_id=newsletter.id, network=network, now=now())
