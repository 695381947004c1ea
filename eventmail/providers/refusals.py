"""Says what a refusal is about (F5): the one classifier of answers while sending, webhook reports and bounce mails.

Only positive evidence about the recipient ends an address; any other answer counts as being about us. The rows decide
in the order in which they stand. Each names its source; tests/files/answers holds answers to try them on.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from eventmail.domain_names import ascii_domain
from eventmail.value_parsing import composed


class About(StrEnum):
    DEAD = "dead"  # the address: nobody is there
    FULL = "full"  # the recipient's mailbox has no room now
    SENDER = "sender"  # our sender, server or right to relay: nobody of the run would get it (S12)
    US = "us"  # our content, reputation or pace: nothing about the address
    LINE = "line"  # the way there: connections, name servers, time
    NOTHING = "nothing"  # nobody can tell


class Row(NamedTuple):
    """Words that decide, and the servers or standards that use them."""

    about: About
    words: re.Pattern[str]
    source: str


def _row(about: About, source: str, *words: str) -> Row:
    return Row(about, re.compile("|".join(words)), source)


# ---- enhanced codes (RFC 3463 and the IANA registry); a code that is not listed here says nothing ----

_CODES: dict[str, tuple[About, str]] = {
    **dict.fromkeys(("5.1.1", "5.1.2", "5.1.3", "5.1.6"),
    (About.DEAD, "RFC 3463 3.2: bad mailbox, system, syntax; moved")),
    "5.1.10": (About.DEAD, "RFC 7505: the domain takes no mail"),
    "5.2.1": (About.DEAD, "RFC 3463 3.3: mailbox disabled"),
    **dict.fromkeys(("5.2.2", "4.2.2"), (About.FULL, "RFC 3463 3.3: mailbox full")),
    **dict.fromkeys(("5.1.7", "5.1.8"), (About.SENDER, "RFC 3463 3.2: the sender's address")),
    **dict.fromkeys(("5.7.8", "5.7.9"), (About.SENDER, "RFC 4954: credentials")),
    **dict.fromkeys(("5.7.23", "5.7.25", "5.7.26", "5.7.27", "5.7.29", "5.7.515"),
                    (About.SENDER, "RFC 7372, RFC 7505, Microsoft: SPF, reverse DNS, DMARC, null MX of the sender")),
    **dict.fromkeys(("5.2.3", "5.1.9"), (About.US, "RFC 3463 3.3, RFC 3886: the message's length and kind")),
    **dict.fromkeys(("5.3.0", "5.5.0"), (About.NOTHING, "RFC 3463: other; sendmail, Outlook.com: also unknown users")),
}  # fmt: skip
_SUBJECTS = {  # by the middle digit, for codes that are not listed above
    "3": (About.US, "RFC 3463 3.4: their system, and what it takes"),
    "4": (About.LINE, "RFC 3463 3.5: network and routing"),
    "5": (About.US, "RFC 3463 3.6: protocol"),
    "6": (About.US, "RFC 3463 3.7: content"),
    "7": (About.US, "RFC 3463 3.8: security and policy"),
}
_NO_DOMAIN = {"5.4.4", "5.4.310"}  # no route; the domain is dead only if the words say so
_EDGE = "5.4.1"  # Exchange Online answers it to unknown users and to unwanted senders: only its words tell which

# ---- words ----

# These name a place, not a reason, so they are taken out first.
_PLACES = re.compile(
    r"\((?:in reply|reply) to [^)]*\)|unknown in relay recipient table|\b(?:remote )?host \S+ said|\bremote host said"
    r"|\bhosts? (?:or domain name )?(?:is )?(?:unknown|not found)|\bhost or domain name\b|\[?hostname=[^\]\s]*\]?"
    r"|\b(?:removed|deleted) from\b|\bmessage was not accepted --|\bat this host\b"
)
_ABOUT_US = (
    _row(About.SENDER, "postfix, exim, sendmail, qmail: relaying",
         r"\brcpthosts\b",
         r"\brelay\w*\b.{0,60}\b(?:den\w+|not|prohibit\w*|refus\w+|forbid\w*|disallow\w*|disabled|reject\w*)\b",
         r"\b(?:not?|never|cannot|can't|unable to|won't|without|den\w+|refus\w+)\b.{0,30}\brelay"),
    _row(About.SENDER, "postfix smtpd_sender_restrictions, exim verify = sender, sendmail, Exchange",
         r"\b(?:sender|from)(?:'s)?(?: e-?mail)?(?: address| domain| host)?:?(?: was| is| has been)? "
         r"(?:rejected|refused|denied|verif\w+|unknown|invalid|unauthori[sz]ed|not|does not|doesn't|could not|must)\b",
         r"\bverification failed for\b", r"\b(?:invalid|unknown|bad|unauthori[sz]ed|unverified) sender\b",
         r"\bdomain of sender\b", r"\babsenderadresse\b"),
    _row(About.SENDER, "postfix smtpd_helo_restrictions and smtpd_client_restrictions",
         r"\b(?:helo|ehlo)\b", r"\bclient host\b", r"\bcannot find your (?:reverse )?host ?name\b"),
    _row(About.US, "the words of senders and clients, whatever stands around them",
         r"\bsenders?\b", r"\bfrom\b", r"\bclients?\b", r"\bhosts?\b", r"\bhost ?names?\b", r"\bptr\b",
         r"\br(?:everse )?-?dns\b", r"\breverse\b", r"\bsend(?:ing)?\b", r"\boutgoing\b", r"\boutbound\b",
         r"\bsubmi(?:t|ssion)\w*", r"\brelay\w*",
         r"\byour (?:ip|host|server|client|domain|access|address|network|mail ?server|system|account|isp)\b",
         r"\bips?\b", r"\bfor you\b", r"\byou (?:are (?:not?|un\w+)|must|need to|have to)\b"),
    _row(About.US, "policies and block lists: Spamhaus, Barracuda, Proofpoint, Mimecast, Gmail, Microsoft, GMX",
         r"polic(?:y|ies)\b", r"spam", r"\bjunk\b", r"\bbulk\b", r"unsolicited", r"block", r"black ?-?list",
         r"deny ?-?list", r"(?<!not )\blisted\b", r"\bd?n?sbl\b", r"\brbls?\b", r"spamhaus",
         r"barracuda", r"reputation", r"\bscore\b", r"\bbanned\b", r"\bban\b", r"\babuse\b", r"complain",
         r"\bden(?:y|ied)\b", r"prohibit", r"forbidden", r"\bnot (?:allowed|permitted|authori[sz]ed|accepted)\b",
         r"unauthori[sz]ed", r"\baccess\b", r"security", r"filter", r"\bwants? your\b", r"\btrust", r"suspicious",
         r"\battack", r"\bharvest", r"\bmail rejected\b"),
    _row(About.US, "SPF, DKIM, DMARC, sign-in and TLS: Gmail, Yahoo, Microsoft, SES",
         r"authenti", r"\bdmarc\b", r"\bspf\b", r"\bdkim\b", r"\btls\b", r"encrypt", r"certificate",
         r"(?<!un)(?<!recipient )(?<!address )verif", r"\bcredential", r"\blicen[cs]e", r"\btrial\b", r"\bpaid\b"),
    _row(About.US, "content: amavis, rspamd, ClamAV, Gmail, SES",
         r"virus", r"malware", r"phish", r"infect", r"\bscam\b", r"attachment", r"\bcontents?\b", r"\bheaders?\b",
         r"\bsubject\b", r"\bmime\b", r"\burls?\b", r"\blinks?\b", r"\btoo (?:large|big|long|many hops)\b",
         r"\bhops?\b", r"\bloop", r"(?<!mailbox )\bsize\b", r"message (?:body|rejected|refused|discarded|exceeds)"),
    _row(About.US, "pace: Gmail, Yahoo, cPanel, hosters",
         r"\brates?\b", r"throttl", r"too (?:many|fast|quickly|much)", r"\bper (?:hour|day|minute|second|month)\b",
         r"\b(?:hourly|daily|monthly)\b", r"\bmessages? (?:limit|quota)"),
    _row(About.US, "the same in German, French, Spanish, Italian, Portuguese, Dutch, Polish; senders in more",
         r"absender", r"versender", r"richtlinie", r"gesperrt", r"\bsperr", r"blockier", r"verboten", r"zu viele",
         r"zugriff", r"nicht (?:erlaubt|berechtigt|gestattet|zugelassen)", r"\bexp[ée]diteur", r"[ée]metteur", r"bloqu",
         r"trop de", r"interdit", r"politique", r"refus", r"\bremitente", r"\bremetente", r"demasiad", r"pol[ií]tica",
         r"denegad", r"negad", r"\bmittente", r"troppi", r"bloccat", r"negato", r"\bafzender", r"te veel", r"geweigerd",
         r"geblokkeerd", r"\bnadawc", r"zablokowan", r"odrzucon", r"\b(?:avs[äa]nd|afsend|avsend)", r"odes[ií]latel",
         r"l[äa]hett[äa]j", r"felad[óo]", r"g[öo]nderen", r"expeditor", r"отправител", r"спам", r"блокир", r"отклон",
         r"αποστολ", "[发發寄]件", "差出人", "送信者", "[垃拦攔拒]", "발신|보낸"),
)  # fmt: skip
_WHO = r"(?:mail ?boxe?s?|mail ?drop|in-?box|users?|recipients?|accounts?|quota of|disk|storage|maildir|customers?)"
_FULL = _row(
    About.FULL, "dovecot, Cyrus, Gmail, Yahoo, Exchange, qmail; German, French, Spanish, Italian, Dutch, Polish",
    rf"\b{_WHO}\b.{{0,40}}\b(?:full|over ?-?(?:disk ?)?quota|out of storage|exceed\w*|quota)\b",
    rf"\b(?:full|over ?-?quota|exceed\w*|insufficient|out of)\b.{{0,30}}\b{_WHO}\b",
    r"\bpostfach\b.{0,20}\b(?:voll|überfüllt)", r"bo[iî]te.{0,30}plein", r"buz[oó]n.{0,20}llen",
    r"casella.{0,20}pien", r"postvak.{0,20}vol\b", r"skrzynk.{0,20}pe[lł]n", r"caixa.{0,20}chei",
)  # fmt: skip
_ONLY_FOR_NOW = _row(
    About.US, "limits of either side, and what may pass: they end no address",
    r"quota", r"\blimit", r"exceed", r"\bfull\b", r"storage", r"temporar", r"try again", r"\blater\b",
    r"gr[ea]y ?-?list",
    r"in progress", r"\bdefer", r"\bbusy\b", r"time ?d? ?-?out", r"expired", r"\bmaintenance\b", r"overload",
    r"\b(?:going|shutting|is) down\b", r"\bno (?:disk )?space\b", r"\b(?:un|not )able to (?:look|verify|check)",
    r"\b(?:server|system|internal|local|database|lookup|ldap|directory|configuration) (?:error|fail\w+|problem)",
    r"\bminut", r"\bhours?\b", r"\bmoment", r"vorübergehend", r"später", r"\berneut", r"nochmal", r"plus tard",
    r"r[ée]essa[yi]", r"m[áa]s tarde", r"de nuevo", r"riprov", r"pi[uù] tardi", r"opnieuw", r"mais tarde",
    r"novamente", r"ponown", r"p[óo][źz]niej", r"senare", r"senere", r"pozd[ěe]ji", r"позже", r"позднее",
    r"\bgr[ae]u\w* ?-?list", r"\blist[ae]s? gri[sg]",
)  # fmt: skip
_NOUN = r"(?:user|recipient|mail ?box|account|address|addressee|customer|person|alias|local[ -]?part|login|subscriber)"
_GONE = (
    r"(?:unknown|not found|not known|not exist\w*|nonexist\w*|non-exist\w*|isn't|invalid|not valid|not local|no longer|"
    r"unavailable|not available|inactive|disabled|deactivated|discontinued|closed|deleted|removed|undeliverable|"
    r"unrout\w+|not recogni[sz]ed|not here|not listed|not present|not active|terminated|cancell?ed|"
    r"couldn't be found|could not be found|inexist\w*)"
)
_FOREIGN = (  # (who, what became of it)
    (r"(?:benutzer|empf(?:ä|ae)nger|adressat|postfach|konto|adresse|mailbox|nutzer|teilnehmer)\w*",
     r"(?:unbekannt|existiert nicht|nicht (?:vorhanden|gefunden|bekannt)|gibt es nicht|ungültig|deaktiviert|gelöscht)"),
    (r"(?:utilisateur|destinataire|bo[iî]te|adresse|compte)\w*",
     r"(?:inconnu|inexistant|n['’ ]existe pas|introuvable|invalide|d[ée]sactiv|ferm[ée])"),
    (r"(?:usuario|destinatario|buz[oó]n|cuenta|direcci[oó]n)",
    r"(?:desconocid|no existe|inexistente|no encontrad|inv[aá]lid|desactivad)"),
    (r"(?:usu[aá]rio|utilizador|destinat[aá]rio|caixa|conta|endere[cç]o)",
    r"(?:desconhecid|n[aã]o existe|inexistente|inv[aá]lid|n[aã]o encontrad)"),
    (r"(?:utente|destinatario|casella|indirizzo)",
    r"(?:sconosciut|non esiste|inesistente|non trovat|non valid|disattivat)"),
    (r"(?:gebruiker|ontvanger|postvak|adres|mailbox)", r"(?:onbekend|bestaat niet|niet gevonden|ongeldig)"),
    (r"(?:u[zż]ytkownik|adresat|odbiorc|skrzynk|kont[oa])\w*", r"(?:nieznan|nie istnieje|nie ma|nie znaleziono)"),
    (r"(?:anv[aä]ndare|mottagare|modtager|mottaker|bruger|bruker|adress)\w*",
    r"(?:ok[aä]nd|ukendt|ukjent|finns inte|findes ikke|finnes ikke)"),
    (r"(?:u[zž]ivatel|p[rř][ií]jemce|schr[aá]nka)\w*", r"(?:neexistuje|nezn[aá]m)"),
    (r"(?:пользовател|адресат|получател|ящик)\w*", r"(?:не найден|не существует|неизвест)"),
)  # fmt: skip
_DEAD = _row(
    About.DEAD, "postfix, exim, sendmail, qmail, Exchange, Gmail, Yahoo, Mimecast, Barracuda; ten languages",
    rf"\b(?:unknown|invalid|no such|non-?exist\w+|not an? (?:valid|existing|known)|bad|illegal|"
    rf"unrecogni[sz]ed|undeliverable)(?: or illegal| virtual| local| e-?mail| destination| delivery)*:? {_NOUN}",
    rf"\b{_NOUN}\w*\b[^.;]{{0,60}}?\b{_GONE}",
    r"\bno (?:mail ?box|account|user)\b.{0,20}\b(?:here|by that name|with that name|found)\b",
    r"\bnot our customer\b", r"\bno ?one at\b", r"\bnot listed in\b.{0,30}\b(?:directory|address book)\b",
    r"\bdo(?:es)?(?: not|n't) have an?\b.{0,30}\baccount\b",
    r"\bis(?: not|n't) an? (?:(?:known|valid) )?(?:user|mail ?box)\b",
    r"\bis(?: not|n't) an? (?:active|valid|local|known) address\b", r"\bno mail ?box available for this user\b",
    r"\bnessun utente\b",
    r"\bunrout\w+ address\b", r"\brecip\w*not ?found\b", r"\bno such (?:domain|user)\b",
    r"\bpreviously bounced address\b",
    *(rf"\b{who}\b.{{0,40}}{gone}|{gone}\w*.{{0,12}}\b{who}" for who, gone in _FOREIGN),
)  # fmt: skip
_LINE = _row(
    About.LINE, "queues that gave up: postfix, exim, Exchange",
    r"connect", r"time ?d? ?-?out", r"unreachable", r"no route", r"\bmx\b", r"expired", r"network", r"name server",
    r"\bdns\b",
)  # fmt: skip
_NO_SUCH_DOMAIN = re.compile(r"(?:\bdns )?\b(?:domain|host)\b.{0,80}?(?:not found|not exist|unknown)|\bnxdomain\b")

# ---- reading ----

_ENHANCED = re.compile(r"(?<![\d.])#?([245]\.[0-7]\.\d{1,3})(?![\d.]*\d)")
_ADDRESS = re.compile(r"[<(\[]?[^\s<>()\[\],;:\"]+@[^\s<>()\[\],;:\"]+[>)\]]?")
_CARRIES_A_DIGIT = re.compile(r"\S*\d\S*")


class Judgement(NamedTuple):
    """The subject of a refusal. `certain`: a code says that the address is dead, see `is_certain`."""

    about: About
    certain: bool = False


def judge(text: str, code: str = "", *, to: str = "", sender: str = "") -> Judgement:
    """Returns what the refusal `text` (all its lines) with reply and status `code` is about.

    `to` and `sender` are the addresses of the mail, "" if unknown. Answers repeat them, and the words in an address
    are no reason.
    """
    about = next(_candidates(text, code, to, sender))
    return Judgement(about, about is About.DEAD and is_certain(f"{code} {text}"))


def _candidates(text: str, code: str, to: str, sender: str) -> Iterator[About]:
    """Yields the possible subjects of the refusal, the weightiest first."""
    words, names_us = _without_addresses(text, to, sender)
    codes = enhanced(f"{code} {text}")
    said = [_of_code(each) for each in codes]
    if names_us:
        yield About.SENDER
    for row in _ABOUT_US:
        if row.words.search(words):
            yield About.SENDER if About.SENDER in said else row.about
    yield from (about for about in (About.SENDER, About.US, About.FULL) if about in said)
    if _FULL.words.search(words):
        yield About.FULL
    if any(each.startswith("4") for each in codes):
        yield About.LINE
    if About.LINE in said:
        rest = _NO_SUCH_DOMAIN.sub(" ", words)
        gone = not (_ONLY_FOR_NOW.words.search(rest) or _LINE.words.search(rest)) and (
            (_NO_DOMAIN.issuperset(codes) and rest != words) or (codes == [_EDGE] and _DEAD.words.search(words))
        )
        yield About.DEAD if gone else About.LINE
    if _ONLY_FOR_NOW.words.search(words):
        yield About.US
    if is_certain(f"{code} {text}") or _DEAD.words.search(words):
        yield About.DEAD
    yield About.LINE if _LINE.words.search(words) else About.NOTHING


def is_certain(code: str) -> bool:
    """Whether a code says that the address is dead, so that no other mail has to be taken first (F5)."""
    codes = enhanced(code)
    # OpenSMTPD answers 524 5.2.4 for an unknown user; elsewhere 5.2.4 is a fault of a mailing list
    return any(_of_code(each) is About.DEAD for each in codes) or (code.startswith("524") and "5.2.4" in codes)


def enhanced(text: str) -> list[str]:
    """Every enhanced code in a text in order, also `#5.7.1` and `(5.1.1)`; an IP address is none."""
    return list(dict.fromkeys(_ENHANCED.findall(text)))


def same_words(text: str, code: str = "", *, to: str = "", sender: str = "") -> str:
    """The words of a refusal that are the same for every guest: no addresses, no words with digits, such as a ticket.

    Returns one or two forms, one a line, for `are_alike`. One form lacks the bare local part as well: a server may name
    the guest by it, yet a local part such as `mail` may be a word of the answer.
    """
    forms = (_without_addresses(text, to, sender, loosely=loosely)[0] for loosely in (False, True))
    without = (_CARRIES_A_DIGIT.sub(" ", words).split() for words in forms)
    return "\n".join(dict.fromkeys(" ".join([*code.split(), *words]) for words in without))


def are_alike(one: str, other: str) -> bool:
    """Whether two refusals, both as `same_words` returns them, say the same."""
    return not set(one.split("\n")).isdisjoint(other.split("\n"))


def _of_code(code: str) -> About:
    subject = None if code[0] == "2" else _SUBJECTS.get(code.split(".")[1])
    found = _CODES.get(code) or subject
    return found[0] if found else About.NOTHING


def _without_addresses(text: str, to: str, sender: str, *, loosely: bool = False) -> tuple[str, bool]:
    """Returns the words in small letters without addresses and places, and whether they name our own sender."""
    words = _PLACES.sub(" ", composed(" ".join(text.split())).lower())
    for each in _spellings(to):
        words = _take_out(each, words)
    names_us = any(_take_out(each, words) != words for each in _spellings(sender))
    words = _ADDRESS.sub(" ", words)
    if to:
        local, _, domain = composed(to).lower().rpartition("@")
        for each in {domain, ascii_domain(domain)} if "." in domain else ():
            words = re.sub(rf"(?<![\w.-])(?:[\w-]+\.)*{re.escape(each)}(?![\w-]|\.\w)", " ", words)
        quoted = rf"(?<=[\"'“‘<(\[]){re.escape(local)}(?=[\"'”’>)\]])"
        words = re.sub(rf"(?<![\w.-]){re.escape(local)}(?![\w-]|\.\w)" if loosely else quoted, " ", words)
    words = _ENHANCED.sub(" ", words)
    return " ".join(_PLACES.sub(" ", words).split()), names_us


def _take_out(address: str, words: str) -> str:
    return re.sub(rf"(?<![\w.+-]){re.escape(address)}(?![\w-]|\.\w)", " ", words)


def _spellings(address: str) -> tuple[str, ...]:
    """The address as answers may write it: as it is, and with its domain in ASCII."""
    address = composed(address).lower()
    local, at, domain = address.rpartition("@")
    return tuple(dict.fromkeys((address, f"{local}@{ascii_domain(domain)}"))) if at else ()
