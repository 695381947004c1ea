"""Domain names as mail needs them."""

import unicodedata


def ascii_domain(domain: str) -> str:
    """Returns `domain` with each label beyond ASCII as an A-label (RFC 5891)."""
    if domain.isascii():
        return domain
    labels = unicodedata.normalize("NFKC", domain).lower().split(".")
    return ".".join(label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels)
