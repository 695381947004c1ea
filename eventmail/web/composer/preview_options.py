"""How the preview of a composer looks: shape, light or dark, highlights, pictures; one word in its form."""

import re
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from eventmail.web.composer import mail_frames

_DIGEST = re.compile(r"[0-9a-f]{8}")
SHAPES = ("phone", "desktop", "text")


@dataclass(frozen=True)
class Look:
    """`shape` is one of SHAPES, `pictures` the digest of the hosts whose pictures load."""

    shape: str = "phone"
    dark: bool = False
    highlights: bool = True
    pictures: str = ""

    @property
    def word(self) -> str:
        """This look as a form carries it; `look` reads it."""
        words = (self.shape, "dark" if self.dark else "light", "marked" if self.highlights else "plain", self.pictures)
        return "-".join(filter(None, words))

    @property
    def query(self) -> dict[str, str]:
        return {
            "scheme": "dark" if self.dark else "light",
            **({"marks": "on"} if self.highlights else {}),
            **(mail_frames.SHOWN if self.pictures else {}),
        }

    def of(self, found: mail_frames.Pictures) -> "Look":
        """This look for a mail with the pictures `found`. They load only if somebody agreed to exactly these hosts."""
        return replace(self, pictures=self.pictures if found.hosts and self.pictures == found.digest else "")

    def word_with(self, **changes: Any) -> str:
        return replace(self, **changes).word


def look(word: str) -> Look:
    """The look that `word` means; the usual look if it means none."""
    shape, _, rest = word.partition("-")
    light, _, rest = rest.partition("-")
    highlights, _, pictures = rest.partition("-")
    pictures = pictures if _DIGEST.fullmatch(pictures) else ""
    return Look(shape, light == "dark", highlights != "plain", pictures) if shape in SHAPES else Look()


def typed(form: MultiDict[str, str]) -> dict[str, Any]:
    """The fields of a composer's form about its preview: its look, the guest it is read as, the search for another."""
    step = form.get("step", "")
    return {
        "look": look(form.get("look") or form.get("look_shown") or ""),
        "guest": step or form.get("guest_shown", ""),
        "reader": "" if step else form.get("reader", "").strip(),
    }
