"""Who may do what: each role may do what the one before it may (standards 168)."""

from service.operators.models import Role

_ORDER = (Role.VIEWER, Role.EDITOR, Role.SENDER, Role.ADMIN)

#: For people who choose one.
DESCRIPTIONS = {
    Role.VIEWER: "sees everything, changes nothing",
    Role.EDITOR: "keeps newsletters, topics, sources and drafts of blasts",
    Role.SENDER: "does that, and sends, pauses and stops mailings",
    Role.ADMIN: "does all that, and looks after the operators",
}


def allows(role: Role, needed: Role) -> bool:
    """Say whether a role may do what needs another."""
    return _ORDER.index(role) >= _ORDER.index(needed)
