"""Which merge fields a page shows as they are typed, although its reader should see their names in words (C1)."""

import re
from collections.abc import Mapping
from html.parser import HTMLParser

# Where a field stands as it is typed on purpose: (tag, attribute, part of its value), and why.
AS_TYPED: Mapping[tuple[str, str, str], str] = {
    ("textarea", "", ""): "a form control holds what was written, byte for byte",
    ("script", "", ""): "nobody reads it",
    ("style", "", ""): "nobody reads it",
    ("", "class", "no-field"): "a name that is no field stays as it was typed, and is marked (C2)",
    ("", "id", "merge-fields"): "the list of merge fields teaches how one is typed",
    ("", "id", "merge-field-list"): "the same list, as a fragment",
    ("", "data-error-code", "UNRESOLVED_TOKEN"): "a refusal names what is no field as it was typed, and what to type",
    ("", "data-test", "-blockers"): "so does the list before sending",
    ("", "data-test", "-blockers-of-a-send"): "and the look before publishing",
    ("", "class", "error"): "and the sentence beside the part of the form",
    ("", "data-test", "-preview-subject"): "a mail that is read has what is no field in it, as guests would see it",
    ("", "data-test", "-preview-preheader"): "the same",
    ("", "data-test", "-preview-text"): "the same",
    ("pre", "", ""): "a source: of a mail in the outbox, of the text that the hash of a receipt is about",
    ("code", "", ""): "an example for programs",
}
_FIELD = re.compile(r"\{\s*(?:guest|event|organizer|calendar|unsubscribe)\.")
_NO_FIELD = re.compile(r"\{guest\.nope\}")  # mere text has it as it was typed, since it cannot mark it
_ATTRIBUTES = ("aria-label", "title", "alt", "placeholder")
_VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


def typed_fields(page: str) -> list[str]:
    """The texts of a page or fragment, labels and title included, that hold a merge field outside AS_TYPED."""
    if not _FIELD.search(page):
        return []
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return [" ".join(text.split()) for text in reader.texts if _FIELD.search(text)]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._mere = ""  # the element that holds nothing but text
        self._open: list[tuple[str, bool]] = []  # each element with whether it is one of AS_TYPED

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        as_typed = any(tag == wanted if wanted else _has(given.get(name, ""), part) for wanted, name, part in AS_TYPED)
        if not as_typed and not self._is_typed:
            self.texts += [_NO_FIELD.sub("", given[name]) for name in _ATTRIBUTES if name in given]
        if tag not in _VOID:
            self._open.append((tag, as_typed))
            self._mere = self._mere or (
                tag if tag == "title" or _has(given.get("class", ""), "visually-hidden") else ""
            )

    def handle_endtag(self, tag: str) -> None:
        names = [name for name, _ in self._open]
        if tag == self._mere:
            self._mere = ""
        if tag in names:
            del self._open[len(names) - 1 - names[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if not self._is_typed:
            self.texts.append(_NO_FIELD.sub("", data) if self._mere else data)

    @property
    def _is_typed(self) -> bool:
        return any(as_typed for _, as_typed in self._open)


def _has(value: str, part: str) -> bool:
    return value.endswith(part) if part.startswith("-") else part in value.split()
