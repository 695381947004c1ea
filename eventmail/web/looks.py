"""How the preview of a composer is shown: its shape, light or dark, values marked or not; one word in its form."""

from dataclasses import dataclass, replace
from typing import Any

from werkzeug.datastructures import MultiDict

SHAPES = ("phone", "desktop", "text")


@dataclass(frozen=True)
class Look:
    """What is seen of a mail. `shape` is one of SHAPES."""

    shape: str = "phone"
    dark: bool = False
    marks: bool = True

    @property
    def word(self) -> str:
        """This look, as a form carries it."""
        return f"{self.shape}-{'dark' if self.dark else 'light'}-{'marked' if self.marks else 'plain'}"

    @property
    def query(self) -> dict[str, str]:
        """What the address of the frame says of it."""
        return {"scheme": "dark" if self.dark else "light", **({"marks": "on"} if self.marks else {})}

    def shaped(self, shape: str) -> str:
        """The word of this look in another shape."""
        return replace(self, shape=shape).word

    @property
    def other_light(self) -> str:
        """The word of this look, light for dark or dark for light."""
        return replace(self, dark=not self.dark).word

    @property
    def other_marks(self) -> str:
        """The word of this look with or without its marks."""
        return replace(self, marks=not self.marks).word


def look(word: str) -> Look:
    """The look of a word; for what is none the usual one."""
    shape, _, rest = word.partition("-")
    light, _, marks = rest.partition("-")
    return Look(shape, light == "dark", marks != "plain") if shape in SHAPES else Look()


def typed(form: MultiDict[str, str]) -> dict[str, Any]:
    """What a composer's form says about its preview: the look, as whom it is read, for whom somebody searches."""
    step = form.get("step", "")
    return {
        "look": look(form.get("look") or form.get("look_shown") or ""),
        "guest": step or form.get("guest_shown", ""),
        "reader": "" if step else form.get("reader", "").strip(),
    }
