"""What to do about a relay that does not work, and what might be better on one that does."""

from service.delivery.smtp import RelayUnusable, SmtpSession
from service.settings import RelayAddress

#: Enough for any mail that we make.
_SMALL = 1_000_000


def next_step(kind: str, relay: RelayAddress, error: RelayUnusable) -> str:
    """Say what to do after the check ended at this step."""
    code = error.reply.code if error.reply else 0
    if kind == "name":
        return "Correct the name in SMTP_URL. If it is right, this machine's name server does not know it."
    if kind == "connect":
        return (
            f"Nothing takes connections on port {relay.port}, or a firewall stands between. Many hosters "
            "block port 25: ask the provider for port 587 or 465."
        )
    if kind == "certificate":
        return (
            "Write in SMTP_URL the name that the relay's certificate is for. If it has expired or is "
            "self-made, the relay's owner must renew it; we send nothing over a connection that anybody "
            "could read."
        )
    if kind == "greeting":
        if code:
            return "The relay refuses this machine. Ask its owner to let this machine's address in."
        if relay.tls == "implicit":
            return "It does not begin with TLS. Port 465 wants smtps://, port 587 smtp+starttls://."
        return (
            "It accepts the connection and says nothing. A port that begins with TLS does so: for port "
            "465 write smtps:// in SMTP_URL."
        )
    if kind == "ehlo" and "STARTTLS" in str(error):
        return "Write smtps:// with port 465 if the relay has it; else its owner must offer STARTTLS."
    if kind == "ehlo" and ("TLS" in str(error) or "login" in str(error)):
        return (
            "Logins are offered only over TLS. Use smtp+starttls:// with port 587, or smtps:// with port 465."
        )
    if kind == "ehlo":
        return "Set HELO_NAME to this machine's full public name, like mail.example.org."
    if kind == "starttls":
        return "It offers TLS and then refuses it, which passes in most cases. If it does not, ask its owner."
    return _about_login(code)


def _about_login(code: int) -> str:
    if code == 535:
        return (
            "It does not know this user with this password. Take both from the provider's pages again; "
            "signs like @ : / in them are written as %40 %3A %2F in SMTP_URL."
        )
    if code in {530, 534, 538}:
        return "It wants another way of logging in. Ask the provider for a password for programs (SMTP)."
    if 400 <= code < 500:
        return "It cannot check logins just now. Try again in some minutes."
    return "Its owner must say why it refuses our login; the reply above is its own."


def remarks(relay: RelayAddress, session: SmtpSession, *, helo_name: str) -> tuple[str, ...]:
    """Return what works and might be better."""
    found = []
    if not session.wire.encrypted and not session.is_local:
        found.append(
            "Mail goes to it unencrypted, and whoever is on the way can read it. If it offers STARTTLS "
            "elsewhere, write smtp+starttls:// in SMTP_URL."
        )
    if relay.username is None and not session.is_local:
        found.append("We do not log in: it lets this machine in by its address.")
    if "." not in helo_name:
        found.append(
            f"We greet it as “{helo_name}”, which is no full name, and some receivers refuse that. Set "
            "HELO_NAME."
        )
    if session.largest is not None and session.largest < _SMALL:
        found.append(
            f"It takes mails of at most {session.largest:,} bytes; digests with many articles are larger."
        )
    if not session.takes_smtputf8:
        found.append(
            "It cannot write to addresses with letters outside ASCII before the @; such a mail fails."
        )
    return tuple(found)
