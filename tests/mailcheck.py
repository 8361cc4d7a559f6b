"""`make mailcheck`: what SpamAssassin (Debian, offline) says of every mail; any above 0.5 points fails.

The samples of the tests, with all headers, as they leave; what only a receiving server knows (Received, DNS,
block lists) is left out.
"""

import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime

from service.delivery import mime
from service.delivery.ports import Head, ListHeaders, Mail
from service.emails.letters import Letter
from service.emails.rendering import render
from tests.emails.samples import BASE, READER
from tests.emails.variants import EVERY

MOST = 0.5
#: The other mails were caused by one person, and carry no list headers that would speak for them.
OF_THE_LIST = {"digest", "blast", "welcome"}

_STATUS = re.compile(r"^X-Spam-Status: .*?score=(-?[\d.]+).*?tests=((?:[A-Z\d_]+,? *)+)", re.MULTILINE)
_MESSAGE_ID = re.compile(r"^Message-ID: <([0-9a-f]+)@", re.MULTILINE)


def main() -> int:
    program = shutil.which("spamassassin")
    if program is None:
        sys.stdout.write(
            "SpamAssassin is not installed (apt-get install spamassassin); no mail was checked.\n"
        )
        return 2
    mailbox = b"".join(_in_mailbox(name, letter) for name, letter in EVERY.items())
    checked = subprocess.run([program, "-L", "-t", "--mbox"], input=mailbox, capture_output=True, check=True)
    verdicts = _verdicts(checked.stdout.decode("utf-8", "replace"))
    if verdicts.keys() != EVERY.keys():
        sys.stdout.write(f"SpamAssassin judged {len(verdicts)} of {len(EVERY)} mails.\n")
        return 1
    for name in EVERY:
        score, rules = verdicts[name]
        sys.stdout.write(f"{score:5.1f}  {name:26}{rules}\n")
    worst = max(score for score, _ in verdicts.values())
    sys.stdout.write(f"The worst of {len(verdicts)} mails has {worst} points; {MOST} are allowed.\n")
    return 0 if worst <= MOST else 1


def _verdicts(judged: str) -> dict[str, tuple[float, str]]:
    """Return score and rules by the name of each mail, which is in its Message-ID: they come in any order."""
    found = {}
    for mail in re.split(r"^From news@", judged, flags=re.MULTILINE)[1:]:
        head = re.sub(r"\n[ \t]+", " ", mail.partition("\n\n")[0])
        status, message_id = _STATUS.search(head), _MESSAGE_ID.search(head)
        if status and message_id:
            name = bytes.fromhex(message_id[1]).decode()
            found[name] = float(status[1]), status[2].replace(" ", "")
    return found


def _in_mailbox(name: str, letter: Letter) -> bytes:
    now = datetime.now(UTC)
    raw = mime.build(_addressed(name, letter, now=now), message_id=name.encode().hex()).raw
    message = raw.replace(b"\r\n", b"\n")
    return b"From news@post.example.org Thu Jan  1 00:00:00 1970\n" + message + b"\n"


def _addressed(name: str, letter: Letter, *, now: datetime) -> Mail:
    content, head = render(letter), letter.letterhead
    listed = ListHeaders("harbour-post.post.example.org", head.newsletter, f"{BASE}/n/harbour-post")
    return Mail(
        Head(
            from_name=head.sender_name,
            from_address="news@post.example.org",
            reply_to="desk@post.example.org",
            subject=content.subject,
            date=now,
            feedback_id=f"m7:harbour-post:{letter.template}:broadsheet",
            auto_submitted=letter.template == "digest",
            list=listed if letter.template in OF_THE_LIST else None,
        ),
        "reader@example.net",
        READER.unsubscribe_url if letter.template in OF_THE_LIST else None,
        mime.body_of(content),
    )


if __name__ == "__main__":
    sys.exit(main())
