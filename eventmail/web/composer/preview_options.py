"""How the preview of a composer is shown: its shape, light or dark, values marked, pictures; one word in its form."""

import re
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from eventmail.web.composer import mail_frames
from eventmail.web.composer.mail_frames import Pictures

_DIGEST = re.compile(r"[0-9a-f]{8}")
SHAPES = ("phone", "desktop", "text")


@dataclass(frozen=True)
class Look:
    """How a mail is shown: `shape` is one of SHAPES, `pictures` the digest of the hosts whose pictures load."""

    shape: str = "phone"
    dark: bool = False
    highlights: bool = True
    pictures: str = ""

    @property
    def word(self) -> str:
        """This look, as a form carries it."""
        words = (self.shape, "dark" if self.dark else "light", "marked" if self.highlights else "plain", self.pictures)
        return "-".join(filter(None, words))

    @property
    def query(self) -> dict[str, str]:
        """What the address of the frame says of it."""
        return {
            "scheme": "dark" if self.dark else "light",
            **({"marks": "on"} if self.highlights else {}),
            **(mail_frames.SHOWN if self.pictures else {}),
        }

    def of(self, found: Pictures) -> "Look":
        """This look of a mail with those pictures: they load only if it was these hosts that somebody agreed to."""
        return replace(self, pictures=self.pictures if found.hosts and self.pictures == found.digest else "")

    def with_pictures(self, digest: str) -> str:
        """The word of this look with the pictures of the hosts of `digest`, or with none for ""."""
        return replace(self, pictures=digest).word

    def shaped(self, shape: str) -> str:
        """The word of this look in another shape."""
        return replace(self, shape=shape).word

    @property
    def other_light(self) -> str:
        """The word of this look, light for dark or dark for light."""
        return replace(self, dark=not self.dark).word

    @property
    def other_highlights(self) -> str:
        """The word of this look with or without its highlights."""
        return replace(self, highlights=not self.highlights).word


def look(word: str) -> Look:
    """The look of a word; for what is none the usual one."""
    shape, _, rest = word.partition("-")
    light, _, rest = rest.partition("-")
    highlights, _, pictures = rest.partition("-")
    pictures = pictures if _DIGEST.fullmatch(pictures) else ""
    return Look(shape, light == "dark", highlights != "plain", pictures) if shape in SHAPES else Look()


def typed(form: MultiDict[str, str]) -> dict[str, Any]:
    """What a composer's form says about its preview: the look, as whom it is read, for whom somebody searches."""
    step = form.get("step", "")
    return {
        "look": look(form.get("look") or form.get("look_shown") or ""),
        "guest": step or form.get("guest_shown", ""),
        "reader": "" if step else form.get("reader", "").strip(),
    }
