"""Passkeys (WebAuthn): each asks its holder for a finger, a face or a PIN, so one alone lets in.

User verification is demanded every time, a sign count that goes back is refused, and an answer works once:
a challenge that was given out before the key's last use is refused.
"""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from service.emails.sanitising import single_line
from service.errors import Conflict, InvalidInput, NotFound
from service.operators import factors
from service.operators.models import Operator, Passkey
from service.operators.sealing import Sealer

MOST = 10
LONGEST_NAME = 40
#: A credential is about a kilobyte; nothing longer is parsed.
_LONGEST_ANSWER = 16_384

_REFUSED = "This passkey was not accepted. Try again, or log in another way."


@dataclass(frozen=True, slots=True)
class Site:
    """The name that passkeys are bound to."""

    domain: str
    origin: str


def site(base_url: str) -> Site | None:
    """Return what PUBLIC_URL says; None where browsers offer no passkeys: an IP address, or plain HTTP."""
    parts = urlsplit(base_url)
    domain = parts.hostname or ""
    try:
        ip_address(domain)
    except ValueError:
        pass
    else:
        return None
    if parts.scheme != "https" and domain != "localhost":
        return None
    return Site(domain, f"{parts.scheme}://{parts.netloc}")


def list_of(session: Session, operator_id: int) -> list[Passkey]:
    return list(
        session.scalars(select(Passkey).where(Passkey.operator_id == operator_id).order_by(Passkey.id))
    )


def options_to_add(session: Session, operator: Operator, place: Site, challenge: bytes) -> str:
    """Return what the browser needs to make a passkey, as JSON; keys it has already are left out."""
    return options_to_json(
        generate_registration_options(
            rp_id=place.domain,
            rp_name="Broadsheet",
            user_id=_handle(operator.id),
            user_name=operator.email,
            user_display_name=operator.name,
            challenge=challenge,
            exclude_credentials=_descriptors(session, operator.id),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
        )
    )


def options_to_use(session: Session, place: Site, challenge: bytes, *, operator_id: int | None) -> str:
    """Return what the browser needs to use a passkey: any of this site's, or one of an account's."""
    return options_to_json(
        generate_authentication_options(
            rp_id=place.domain,
            challenge=challenge,
            allow_credentials=_descriptors(session, operator_id) if operator_id is not None else [],
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def add(
    session: Session,
    operator: Operator,
    answer: str,
    *,
    name: str,
    challenge: bytes,
    place: Site,
    sealer: Sealer,
    keep: bytes | None,
    now: datetime,
) -> list[str]:
    """Keep a new passkey; return fresh recovery codes if there were none.

    :raises InvalidInput: the browser's answer does not hold.
    """
    if len(list_of(session, operator.id)) >= MOST:
        raise Conflict(f"An account has {MOST} passkeys at most. Remove one that you no longer use.")
    label = single_line(name)[:LONGEST_NAME] or "Passkey"
    try:
        made = verify_registration_response(
            credential=_short(answer),
            expected_challenge=challenge,
            expected_rp_id=place.domain,
            expected_origin=place.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise InvalidInput("The passkey could not be added. Please try again.", field="passkey") from error
    if _find(session, made.credential_id) is not None:
        raise InvalidInput("This passkey is added already.", field="passkey")
    session.add(
        Passkey(
            operator_id=operator.id,
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            name=label,
            added_at=now,
        )
    )
    return factors.changed(session, operator, "passkey_added", sealer=sealer, keep=keep, now=now, name=label)


def verify(
    session: Session,
    answer: str,
    *,
    challenge: bytes,
    asked_at: datetime,
    place: Site,
    operator_id: int | None,
    now: datetime,
) -> Operator:
    """Return whose passkey answered the challenge; with `operator_id`, only that account's count.

    :raises InvalidInput: it is unknown, its answer does not hold, or it was used since the challenge.
    """
    try:
        credential = parse_authentication_credential_json(_short(answer))
        row = _find(session, credential.raw_id)
        if row is None or operator_id not in {None, row.operator_id}:
            raise InvalidInput(_REFUSED, field="passkey")
        seen = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=place.domain,
            expected_origin=place.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise InvalidInput(_REFUSED, field="passkey") from error
    operator = session.get_one(Operator, row.operator_id)
    is_replayed = row.last_used_at is not None and row.last_used_at >= asked_at
    if is_replayed or operator.disabled_at is not None or operator.password_hash is None:
        raise InvalidInput(_REFUSED, field="passkey")
    row.sign_count, row.last_used_at = seen.new_sign_count, now
    session.flush()
    return operator


def remove(
    session: Session, operator: Operator, passkey_id: int, *, keep: bytes | None, now: datetime
) -> str:
    """Forget a passkey of this account; return its name.

    :raises NotFound: it is not this account's.
    :raises Conflict: it is the last factor, and everybody needs one.
    """
    row = session.get(Passkey, passkey_id)
    if row is None or row.operator_id != operator.id:
        raise NotFound("There is no such passkey.")
    factors.check_may_lose_one(session, factors.of(session, operator.id))
    session.delete(row)
    factors.removed(session, operator, "passkey_removed", keep=keep, now=now, name=row.name)
    return row.name


def _find(session: Session, credential_id: bytes) -> Passkey | None:
    return session.scalars(
        select(Passkey).where(Passkey.credential_id == credential_id).with_for_update()
    ).one_or_none()


def _descriptors(session: Session, operator_id: int) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=row.credential_id) for row in list_of(session, operator_id)]


def _handle(operator_id: int) -> bytes:
    return f"operator {operator_id}".encode()


def _short(answer: str) -> str:
    if len(answer) > _LONGEST_ANSWER:
        raise InvalidInput(_REFUSED, field="passkey")
    return answer


def challenge_bytes(text: str) -> bytes:
    """Return a challenge as the browser signed it."""
    return base64url_to_bytes(text)
