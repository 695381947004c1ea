"""Domain names as mail takes them."""

import unicodedata


def ascii_domain(domain: str) -> str:
    """`domain` with each label that is not ASCII written in it (RFC 5891); one that is ASCII stays as it is."""
    if domain.isascii():
        return domain
    labels = unicodedata.normalize("NFKC", domain).lower().split(".")
    return ".".join(label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels)
