"""A mail as it goes over the wire: checked addresses in commands, the message with its dots doubled."""

from collections.abc import Mapping

from eventmail.domain_names import ascii_domain
from eventmail.providers.base import Mail, Permanent, ProviderError, Refused
from eventmail.providers.smtp.refusals import Step

Commands = list[tuple[Step, bytes]]

_LONGEST_PATH = 254  # octets between < and >, RFC 5321 4.5.3.1.3
_BREAKING = frozenset('<>,;:\\"()[] @')


def commands(mail: Mail, features: Mapping[str, str]) -> Commands | ProviderError:
    """Returns MAIL, RCPT and DATA for `mail`, or why this server can't take it. EHLO announced the `features`."""
    sender, to = path(mail.sender), path(mail.to)
    if sender is None:
        return Refused("The sender's address cannot stand in an envelope")
    if to is None:
        return Permanent("The address cannot stand in an envelope")
    international = not (sender.isascii() and to.isascii())
    eight_bit = not mail.data.isascii()
    if international and "SMTPUTF8" not in features:
        return Permanent("The mail server takes only addresses in plain ASCII", code="553 5.6.7")
    if eight_bit and "8BITMIME" not in features:
        return Permanent("The mail server takes only messages in plain ASCII", code="554 5.6.3")
    size = features.get("SIZE", "0")
    if size.isdecimal() and 0 < int(size) < len(mail.data):
        return Permanent(f"The mail has {len(mail.data)} bytes, the mail server takes {size}", code="552 5.3.4")
    options = b" SIZE=%d" % len(mail.data) if "SIZE" in features else b""
    options += b" BODY=8BITMIME" * eight_bit + b" SMTPUTF8" * international
    return [
        (Step.SENDER, b"MAIL FROM:<%s>%s\r\n" % (sender.encode(), options)),
        (Step.RECIPIENT, b"RCPT TO:<%s>\r\n" % to.encode()),
        (Step.DATA, b"DATA\r\n"),
    ]


def path(address: str) -> str | None:
    """The address for MAIL and RCPT, its domain in ASCII (RFC 5891); None for one that could break the command."""
    local, _, domain = address.rpartition("@")
    if not (local and domain and _is_safe(local) and _is_safe(domain)):
        return None
    if not domain.isascii():
        domain = ascii_domain(domain)
        if not _is_safe(domain):
            return None  # a full-width < became a real one
    address = f"{local}@{domain}"
    return address if len(address.encode()) <= _LONGEST_PATH else None


def _is_safe(part: str) -> bool:
    return part.isprintable() and _BREAKING.isdisjoint(part)


def stuffed(data: bytes) -> bytes:
    """The message with every dot at the start of a line doubled (RFC 5321 4.5.2), ended by CRLF.

    A dot behind a bare LF is doubled as well, since some servers end a line there.
    """
    data = b"\n..".join(data.rsplit(b"\n."))  # three times as quick as bytes.replace; this runs for every mail
    if data.startswith(b"."):
        data = b"." + data
    return data if data.endswith(b"\r\n") else data + b"\r\n"
