"""Writing a blast: drafts are made, changed and thrown away; every step is in the audit log."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import audit
from service.blasts import composition, lifecycle
from service.blasts.blocks import Block, tidied, write
from service.blasts.models import Blast, BlastState
from service.emails import merging
from service.emails.letters import Letterhead
from service.emails.sanitising import typed_line
from service.errors import Conflict, InvalidInput, NotFound
from service.newsletters.models import Newsletter, Topic

SUBJECT_LENGTH = 150
PREHEADER_LENGTH = 150
BODY_LENGTH = 50_000


def create(
    session: Session,
    newsletter: Newsletter,
    *,
    subject: str,
    body_markdown: str,
    topic_ids: Sequence[int] = (),
    in_archive: bool = True,
    preheader: str = "",
    blocks: Sequence[Block] = (),
    operator_id: int,
    now: datetime,
) -> Blast:
    """Begin a draft; subject and body may still be empty, sending checks them.

    :raises InvalidInput: something is too long, or a merge field is not one of ours.
    """
    blast = Blast(
        newsletter_id=newsletter.id,
        subject=checked_subject(subject),
        preheader=_preheader(preheader),
        body_markdown=_body(body_markdown),
        blocks=write(_blocks(newsletter, body_markdown, blocks)),
        topic_ids=_topics(session, newsletter.id, topic_ids),
        in_archive=in_archive,
        state=BlastState.DRAFT,
        created_by=operator_id,
        created_at=now,
    )
    session.add(blast)
    session.flush()
    _record(session, blast, "blast.created", actor=f"operator {operator_id}", now=now, after=_facts(blast))
    return blast


def edit(
    session: Session,
    blast_id: int,
    *,
    subject: str,
    body_markdown: str,
    topic_ids: Sequence[int] | None = None,
    in_archive: bool = True,
    preheader: str = "",
    blocks: Sequence[Block] = (),
    version: int | None = None,
    actor: str,
    now: datetime,
) -> Blast:
    """Change the words of a draft; without `topic_ids` its audience stays.

    `version` is the one that the change was made from, None that it does not matter.

    :raises Conflict: once it has begun, or when somebody has changed it since.
    :raises InvalidInput: something is too long, or a merge field is not one of ours.
    """
    blast = locked(session, blast_id)
    lifecycle.check_editable(blast.state)
    if version is not None and version != blast.version:
        raise Conflict("Somebody has changed this blast since you opened it.")
    before = _facts(blast)
    blast.subject = checked_subject(subject)
    blast.preheader = _preheader(preheader)
    blast.body_markdown = _body(body_markdown)
    blast.blocks = write(_blocks(blast.newsletter, body_markdown, blocks))
    if topic_ids is not None:
        blast.topic_ids = _topics(session, blast.newsletter_id, topic_ids)
    blast.in_archive = in_archive
    if _facts(blast) != before:
        blast.version += 1
    session.flush()
    if _facts(blast) != before:
        _record(session, blast, "blast.changed", actor=actor, now=now, before=before, after=_facts(blast))
    return blast


def delete(session: Session, blast_id: int, *, actor: str, now: datetime) -> None:
    """Throw a draft away.

    :raises Conflict: once it has begun; then it is cancelled instead, and stays on record.
    """
    blast = locked(session, blast_id)
    lifecycle.check_editable(blast.state)
    _record(session, blast, "blast.deleted", actor=actor, now=now, before=_facts(blast))
    session.delete(blast)
    session.flush()


def locked(session: Session, blast_id: int) -> Blast:
    """Return the blast and hold it until the end of the transaction.

    :raises NotFound: when there is none.
    """
    blast = session.get(Blast, blast_id, with_for_update=True, populate_existing=True)
    if blast is None:
        raise NotFound("There is no such blast.")
    return blast


def checked_subject(value: str, *, field: str = "subject") -> str:
    """Return a subject as one clean line.

    :raises InvalidInput: it is too long.
    """
    subject = typed_line(value)
    if len(subject) > SUBJECT_LENGTH:
        raise InvalidInput(
            f"The subject has {len(subject)} characters; {SUBJECT_LENGTH} is the most.", field=field
        )
    merging.refuse(subject, where="subject", field="subject")
    return subject


def _preheader(value: str) -> str:
    preheader = typed_line(value)
    if len(preheader) > PREHEADER_LENGTH:
        raise InvalidInput(
            f"The first line has {len(preheader)} characters; {PREHEADER_LENGTH} is the most.",
            field="preheader",
        )
    merging.refuse(preheader, where="first line", field="preheader")
    return preheader


def _blocks(newsletter: Newsletter, markdown: str, blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Clean the blocks, and try whether everything can be composed: no field may fail while sending."""
    clean = tidied(blocks)
    head = Letterhead(newsletter.name, "", newsletter.accent, "", "", "")
    try:
        composition.check_length(markdown, clean)
        composition.compose(head, markdown, clean, {})
    except InvalidInput as error:
        raise InvalidInput(str(error), field="body_markdown") from None
    return clean


def _body(value: str) -> str:
    if len(value) > BODY_LENGTH:
        raise InvalidInput(
            f"The text has {len(value)} characters; {BODY_LENGTH} is the most.", field="body_markdown"
        )
    return value.replace("\r\n", "\n").replace("\x00", "")


def _topics(session: Session, newsletter_id: int, topic_ids: Sequence[int]) -> list[int]:
    wanted = sorted(set(topic_ids))
    known = set(
        session.scalars(select(Topic.id).where(Topic.newsletter_id == newsletter_id, Topic.id.in_(wanted)))
    )
    if known != set(wanted):
        raise InvalidInput("One of these topics does not belong to this newsletter.", field="topic_ids")
    return wanted


def _facts(blast: Blast) -> dict[str, Any]:
    return {
        "subject": blast.subject,
        "preheader": blast.preheader,
        "body_markdown": blast.body_markdown,
        "blocks": blast.blocks.get("blocks", []),
        "topic_ids": list(blast.topic_ids),
        "in_archive": blast.in_archive,
    }


def _record(
    session: Session,
    blast: Blast,
    action: str,
    *,
    actor: str,
    now: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    audit.record(
        session,
        actor=actor,
        action=action,
        subject=f"blast {blast.id}",
        now=now,
        before=before,
        after=after,
    )
