"""The identities that mail is sent under; the audit log says what changed, not the addresses."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from service import audit
from service.emails import mailboxes
from service.errors import Conflict
from service.newsletters import checks, display_names
from service.newsletters.models import Newsletter, Sender


@dataclass(frozen=True, slots=True)
class SenderDraft:
    """What an operator may set; an empty postal address is kept, and keeps mail from being sent."""

    name: str
    email: str
    reply_to: str = ""
    postal_address: str = ""


def create(session: Session, draft: SenderDraft, *, actor: str, now: datetime) -> Sender:
    """Make a sender.

    :raises InvalidInput: something cannot be accepted; `field` says what.
    """
    sender = Sender(created_at=now, **asdict(check(draft)))
    session.add(sender)
    session.flush()
    _note(session, "sender.created", sender, actor=actor, now=now, after={"name": sender.name})
    return sender


def edit(session: Session, sender: Sender, draft: SenderDraft, *, actor: str, now: datetime) -> Sender:
    """Change a sender; what is sent from now on carries the new identity."""
    before, after = checks.change(asdict(_draft_of(sender)), asdict(check(draft)))
    if after:
        for name, value in after.items():
            setattr(sender, name, value)
        _note(
            session, "sender.changed", sender, actor=actor, now=now, before=_told(before), after=_told(after)
        )
    return sender


def remove(session: Session, sender: Sender, *, actor: str, now: datetime) -> None:
    """Delete a sender that no newsletter uses.

    :raises Conflict: one does.
    """
    if session.scalar(select(exists().where(Newsletter.sender_id == sender.id))):
        raise Conflict("A newsletter is sent under this name. Give it another sender first.")
    session.delete(sender)
    _note(session, "sender.removed", sender, actor=actor, now=now, before={"name": sender.name})


def check(draft: SenderDraft) -> SenderDraft:
    """Return the draft cleaned.

    :raises InvalidInput: at the first field that cannot be accepted.
    """
    return SenderDraft(
        name=display_names.check(draft.name),
        email=mailboxes.parse(draft.email, field="email"),
        reply_to=mailboxes.parse(draft.reply_to, field="reply_to") if draft.reply_to.strip() else "",
        postal_address=checks.postal_address(draft.postal_address),
    )


def _draft_of(sender: Sender) -> SenderDraft:
    return SenderDraft(
        name=sender.name, email=sender.email, reply_to=sender.reply_to, postal_address=sender.postal_address
    )


def _told(values: dict[str, object]) -> dict[str, object]:
    """Only the name is written down; of the rest, whether there was one."""
    return {name: value if name == "name" else bool(value) for name, value in values.items()}


def _note(
    session: Session,
    action: str,
    sender: Sender,
    *,
    actor: str,
    now: datetime,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        session,
        actor=actor,
        action=action,
        subject=f"sender {sender.id}",
        now=now,
        before=before,
        after=after,
    )
