"""The audience of a message in words, with the names that its segments had when it was sent."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from markupsafe import Markup

_NAME = Markup("<bdi>“{}”</bdi>")  # so that the text around keeps its direction


def text(audience: Mapping[str, Sequence[str]]) -> str:
    """Such as “confirmed guests, guests in “VIP” and 2 picked by hand, but nobody in “Staff””, or “nobody”."""
    return "".join(_pieces(audience, "“{}”".format))


def marked(audience: Mapping[str, Sequence[str]]) -> Markup:
    """The words of `text` for a page."""
    return Markup("").join(_pieces(audience, _NAME.format))


def _pieces(audience: Mapping[str, Sequence[str]], quoted: Callable[[str], str]) -> Iterator[str]:
    parts: list[list[str]] = []
    if statuses := audience.get("statuses"):
        parts.append([f"{' or '.join(statuses)} guests"])
    if segments := audience.get("segment_names"):
        parts.append(["guests in ", *_either(segments, quoted)])
    if picked := audience.get("guests"):
        parts.append([f"{len(picked):,} picked by hand".replace(",", "\u2009")])
    for number, part in enumerate(parts):
        yield "" if number == 0 else " and " if number == len(parts) - 1 else ", "
        yield from part
    if not parts:
        yield "nobody"
    if without := audience.get("exclude_segment_names"):
        yield from (", but nobody in ", *_either(without, quoted))
    if audience.get("list_as_of"):
        yield ", exactly who was on the list as it was looked at"


def _either(names: Iterable[str], quoted: Callable[[str], str]) -> Iterator[str]:
    for number, name in enumerate(names):
        yield " or " if number else ""
        yield quoted(name)
