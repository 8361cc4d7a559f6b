"""Slips in the domain of an address, and what was probably meant: gmial.com, gmail.con. Pure.

Only a question to the reader, never a correction: every domain here has a namesake somewhere that is one
letter away and real. Those that many people have are in the list themselves, and so are never asked about.
"""

from functools import lru_cache

#: Where most private mail is read, and real neighbours of theirs.
_PROVIDERS = """
    gmail.com googlemail.com outlook.com hotmail.com live.com msn.com icloud.com me.com mac.com
    yahoo.com ymail.com rocketmail.com aol.com aim.com gmx.com gmx.net gmx.de gmx.at gmx.ch gmx.fr
    web.de t-online.de freenet.de email.de posteo.de mailbox.org proton.me protonmail.com pm.me
    tutanota.com tuta.io fastmail.com fastmail.fm hey.com zoho.com mail.com email.com usa.com
    hotmail.co.uk hotmail.fr hotmail.de hotmail.es hotmail.it live.co.uk live.fr live.de live.nl
    outlook.de outlook.fr outlook.es outlook.it outlook.sa yahoo.co.uk yahoo.fr yahoo.de yahoo.es
    yahoo.it yahoo.co.jp yahoo.co.in yahoo.ca yahoo.com.br yahoo.com.ar yahoo.com.mx btinternet.com
    sky.com bt.com virginmedia.com talktalk.net ntlworld.com orange.fr wanadoo.fr free.fr sfr.fr
    laposte.net neuf.fr bbox.fr libero.it virgilio.it tin.it telefonica.net terra.es terra.com.br
    uol.com.br bol.com.br ukr.net i.ua meta.ua bigmir.net mail.ru bk.ru inbox.ru list.ru yandex.ru ya.ru
    rambler.ru yandex.com wp.pl o2.pl onet.pl interia.pl seznam.cz bluewin.ch hispeed.ch ziggo.nl
    kpnmail.nl telenet.be skynet.be comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net
    charter.net earthlink.net shaw.ca rogers.com bigpond.com optusnet.com.au qq.com 163.com 126.com
    naver.com daum.net rediffmail.com maktoob.com windowslive.com mail.de inbox.com excite.com lycos.com
"""
PROVIDERS = frozenset(_PROVIDERS.split())

#: Endings that no registry has, or next to nobody, and what fingers meant.
_ENDINGS = {
    "con": "com",
    "cmo": "com",
    "ocm": "com",
    "comm": "com",
    "coom": "com",
    "cpm": "com",
    "vom": "com",
    "xom": "com",
    "cim": "com",
    "clm": "com",
    "ent": "net",
    "nte": "net",
    "nett": "net",
    "ogr": "org",
    "orgg": "org",
    "rog": "org",
    "co,uk": "co.uk",
    "couk": "co.uk",
    "dee": "de",
}
#: A second slip is believed only in a name that is long enough to be known in spite of it.
_LONG = len("gmail.com")
#: Names as short as key.com and hey.com are one letter from each other and from everything else.
_SHORT = len("gmail.de")


def suggest(email: str) -> str | None:
    """Return the address that was probably meant; None where nothing looks like a slip."""
    local, at, domain = email.strip().rpartition("@")
    meant = _meant(domain.casefold()) if at and local else None
    return None if meant is None else f"{local}@{meant}"


# A millisecond for a domain that is near to none; most sign-ups share a few.
@lru_cache(maxsize=4096)
def _meant(domain: str) -> str | None:
    if domain in PROVIDERS or not domain:
        return None
    ending = _with_better_ending(domain)
    if ending in PROVIDERS:
        return ending
    near = _nearest(ending or domain)
    return near or ending


def _with_better_ending(domain: str) -> str | None:
    name, dot, last = domain.rpartition(".")
    if not dot or not name or last not in _ENDINGS:
        return None
    return f"{name}.{_ENDINGS[last]}"


def _nearest(domain: str) -> str | None:
    """Return the provider that is one slip away, or two in a long name with the same first letter."""
    best: tuple[int, str] | None = None
    for provider in sorted(PROVIDERS):
        allowed = 2 if len(provider) >= _LONG and provider[0] == domain[:1] else 1
        if len(provider) < _SHORT or abs(len(provider) - len(domain)) > allowed:
            continue
        slips = _slips(domain, provider, most=allowed)
        if slips <= allowed and (best is None or slips < best[0]):
            best = slips, provider
    return None if best is None else best[1]


def _slips(typed: str, meant: str, *, most: int) -> int:
    """Count letters added, left out, swapped with a neighbour or replaced; stop beyond `most`."""
    before: list[int] = []
    row = list(range(len(meant) + 1))
    for i, letter in enumerate(typed, start=1):
        older, before = before, row
        row = [i]
        for j, wanted in enumerate(meant, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == meant[j - 2] and typed[i - 2] == wanted:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]
