"""Adding one topic's past to another's."""

from sqlalchemy import text
from sqlalchemy.orm import Session

# An article that was in both counts twice in days that are not counted again; before, it stood in two lines.
_ADD = text(
    """
    INSERT INTO topic_tallies (topic_id, day, people, machines)
    SELECT :kept, day, people, machines FROM topic_tallies WHERE topic_id = :gone
    ON CONFLICT (topic_id, day) DO UPDATE SET people = topic_tallies.people + excluded.people,
        machines = topic_tallies.machines + excluded.machines
    """
)


def move(session: Session, gone: int, kept: int) -> None:
    """Let the other topic's figures hold both pasts."""
    session.execute(_ADD, {"gone": gone, "kept": kept})
    session.execute(text("DELETE FROM topic_tallies WHERE topic_id = :gone"), {"gone": gone})
