"""Accounts: made on the command line, at set-up or by invitation; every step is in the audit log."""

from datetime import datetime

from sqlalchemy.orm import Session

from service import audit
from service.delivery import ledger, mailings
from service.emails import mailboxes
from service.emails.sanitising import typed_line
from service.errors import BadToken, Conflict, InvalidInput
from service.operators import passwords, queries, sessions
from service.operators.models import Ending, Operator, Role

LONGEST_NAME = 80


def actor_of(operator: Operator) -> str:
    """Name an operator in the audit log: an id, never an address."""
    return f"operator {operator.id}"


def create(
    session: Session, *, email: str, name: str, role: Role, password: str, actor: str, now: datetime
) -> Operator:
    """Make an account that can sign in at once.

    :raises InvalidInput: the address, name or password cannot be used.
    """
    operator = _new(session, email=email, name=name, role=role, now=now)
    operator.password_hash = _hash(operator, password)
    session.flush()
    _note(session, "operator.created", operator, actor=actor, now=now, after={"role": role.value})
    return operator


def invite(session: Session, *, email: str, name: str, role: Role, by: Operator, now: datetime) -> Operator:
    """Make an account that waits for its password, and put the invitation into the queue."""
    operator = _new(session, email=email, name=name, role=role, now=now)
    session.flush()
    _send_invitation(session, operator, by=by, now=now)
    return operator


def invite_again(session: Session, operator: Operator, *, by: Operator, now: datetime) -> None:
    """Send a new invitation; links of older ones stop working."""
    if operator.password_hash is not None:
        raise Conflict("This invitation was accepted already.")
    if operator.disabled_at is not None:
        raise Conflict("This account is disabled. Enable it first.")
    _send_invitation(session, operator, by=by, now=now)


def find_invited(session: Session, operator_id: int, generation: int) -> Operator:
    """Return the account that an invitation link is for.

    :raises BadToken: it was accepted, replaced by a newer one, or the account is disabled.
    """
    operator = session.get(Operator, operator_id, with_for_update=True)
    if operator is None or operator.disabled_at is not None:
        raise BadToken("This invitation is no longer open. Ask whoever invited you for a new one.")
    if operator.password_hash is not None:
        raise BadToken("This invitation was used already. You can sign in with the password you chose.")
    if operator.invitation_generation != generation:
        raise BadToken("There is a newer invitation in your inbox; please use that one.")
    return operator


def accept(
    session: Session, operator_id: int, generation: int, *, name: str, password: str, now: datetime
) -> Operator:
    """Accept an invitation: the invited person names themselves and chooses the password."""
    operator = find_invited(session, operator_id, generation)
    operator.name = check_name(name)
    operator.password_hash = _hash(operator, password)
    _note(session, "operator.accepted", operator, actor=actor_of(operator), now=now)
    return operator


def change_password(
    session: Session, operator: Operator, *, current: str, new: str, keep: bytes | None, now: datetime
) -> None:
    """Change one's own password; every other login of the account ends."""
    if not passwords.verify(operator.password_hash, current):
        raise InvalidInput("This is not your current password.", field="current")
    operator.password_hash = _hash(operator, new)
    sessions.end_all(session, operator.id, why=Ending.PASSWORD, keep=keep, now=now)
    _note(session, "operator.password_changed", operator, actor=actor_of(operator), now=now)


def set_password(session: Session, operator: Operator, *, password: str, actor: str, now: datetime) -> None:
    """Give an account a new password without the old one; every login of it ends."""
    operator.password_hash = _hash(operator, password)
    sessions.end_all(session, operator.id, why=Ending.PASSWORD, now=now)
    _note(session, "operator.password_set", operator, actor=actor, now=now)


def rename(session: Session, operator: Operator, *, name: str, now: datetime) -> None:
    """Change one's own name; it signs the invitations that one sends."""
    before, operator.name = operator.name, check_name(name)
    _note(
        session,
        "operator.renamed",
        operator,
        actor=actor_of(operator),
        now=now,
        before={"name": before},
        after={"name": operator.name},
    )


def change_role(session: Session, operator: Operator, *, role: Role, actor: str, now: datetime) -> None:
    """Give an account another role; its logins end, so that no page offers what is no longer allowed.

    :raises Conflict: nobody would be left to administer.
    """
    if operator.role is role:
        return
    if operator.role is Role.ADMIN:
        _keep_an_admin(session, operator)
    before, operator.role = operator.role, role
    sessions.end_all(session, operator.id, why=Ending.ROLE, now=now)
    _note(
        session,
        "operator.role_changed",
        operator,
        actor=actor,
        now=now,
        before={"role": before.value},
        after={"role": role.value},
    )


def disable(session: Session, operator: Operator, *, actor: str, now: datetime) -> None:
    """Close an account and end its logins at once; its history stays.

    :raises Conflict: nobody would be left to administer.
    """
    if operator.disabled_at is not None:
        return
    if operator.role is Role.ADMIN:
        _keep_an_admin(session, operator)
    operator.disabled_at = now
    # A link in an old invitation must not open the account when it is enabled again.
    operator.invitation_generation += 1
    sessions.end_all(session, operator.id, why=Ending.DISABLED, now=now)
    _note(session, "operator.disabled", operator, actor=actor, now=now)


def withdraw_invitation(session: Session, operator: Operator, *, actor: str, now: datetime) -> None:
    """Take back an invitation that was not accepted; the account is disabled, and may be invited again later.

    :raises Conflict: it was accepted already.
    """
    if operator.password_hash is not None:
        raise Conflict("This invitation was accepted already. Disable the account instead.")
    if operator.disabled_at is None:
        operator.disabled_at = now
        operator.invitation_generation += 1
        _note(session, "operator.invitation_withdrawn", operator, actor=actor, now=now)


def enable(session: Session, operator: Operator, *, actor: str, now: datetime) -> None:
    """Open a disabled account again."""
    if operator.disabled_at is not None:
        operator.disabled_at = None
        _note(session, "operator.enabled", operator, actor=actor, now=now)


def check_name(name: str, *, field: str = "name") -> str:
    """Return a person's name as one clean line.

    :raises InvalidInput: empty or too long.
    """
    line = typed_line(name)
    if not line:
        raise InvalidInput("Enter a name, so that others know who did what.", field=field)
    if len(line) > LONGEST_NAME:
        raise InvalidInput(f"Use at most {LONGEST_NAME} characters.", field=field)
    return line


def _new(session: Session, *, email: str, name: str, role: Role, now: datetime) -> Operator:
    address = mailboxes.parse(email, field="email")
    if queries.find_by_email(session, address) is not None:
        raise InvalidInput("There is an account with this address already.", field="email")
    operator = Operator(
        email=address, email_key=address.casefold(), name=check_name(name), role=role, created_at=now
    )
    session.add(operator)
    return operator


def _hash(operator: Operator, password: str) -> str:
    checked = passwords.check(password, own_words=(operator.name, operator.email))
    return passwords.make_hash(checked)


def _keep_an_admin(session: Session, operator: Operator) -> None:
    if operator.password_hash is not None and not queries.has_other_admin(session, operator):
        raise Conflict("This is the only administrator. Make somebody else one first.")


def _send_invitation(session: Session, operator: Operator, *, by: Operator, now: datetime) -> None:
    operator.invitation_generation += 1
    operator.invited_at = now
    session.flush()
    ledger.put(
        session,
        mailings.transactional(session, now=now),
        [
            ledger.NewMessage(
                dedupe_key=f"invitation {operator.id}.{operator.invitation_generation}",
                kind="operator_invitation",
                due_at=now,
                operator_id=operator.id,
                details={"invited_by": by.id, "generation": operator.invitation_generation},
            )
        ],
        now=now,
    )
    _note(
        session,
        "operator.invited",
        operator,
        actor=actor_of(by),
        now=now,
        after={"role": operator.role.value},
    )


def _note(
    session: Session,
    action: str,
    operator: Operator,
    *,
    actor: str,
    now: datetime,
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
) -> None:
    audit.record(
        session,
        actor=actor,
        action=action,
        subject=f"operator {operator.id}",
        now=now,
        before=before,
        after=after,
    )
