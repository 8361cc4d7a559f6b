"""Random marks in forms that must act once, however often their button is pressed."""

import secrets


def new() -> str:
    return secrets.token_urlsafe(16)
