"""Addresses of our own people and senders; a reader's address is read in `subscribers.addresses`."""

from email_validator import EmailNotValidError, validate_email

from service.errors import InvalidInput

_LONGEST = 254


def parse(text: str, *, field: str) -> str:
    """Read a mailbox: local part as typed, domain as A-label, so that any relay takes it.

    :raises InvalidInput: with a sentence that says what to do.
    """
    typed = text.strip()
    if not typed:
        raise InvalidInput("Enter an e-mail address, like name@example.org.", field=field)
    try:
        valid = validate_email(typed[: _LONGEST + 1], check_deliverability=False)
    except EmailNotValidError:
        raise InvalidInput(
            "This is not an e-mail address; one looks like name@example.org.", field=field
        ) from None
    if not valid.local_part.isascii():
        raise InvalidInput("Only the letters a to z work before the @ of an address here.", field=field)
    if "=?" in valid.local_part:
        raise InvalidInput("An address with “=?” before the @ does not work in mails.", field=field)
    return f"{valid.local_part}@{valid.ascii_domain}"
