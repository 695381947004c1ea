"""What a browser would send of a form as it stands, read from the page."""

from html.parser import HTMLParser


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, list[str]]] = []
        self.area = self.select = ""
        self.options: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            self.forms.append({})
        elif tag == "select":
            self.select, self.options = name, []
        elif tag == "option":
            self.options.append((given.get("value", ""), "selected" in given))
        elif tag == "textarea":
            self.area = name
            self._put(name, "")
        elif tag == "input" and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            self._put(name, given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.area = ""
        elif tag == "select" and self.options:
            self._put(self.select, next((value for value, chosen in self.options if chosen), self.options[0][0]))

    def handle_data(self, data: str) -> None:
        if self.area:
            self.forms[-1][self.area][-1] += data.removeprefix("\n").replace("\n", "\r\n")

    def _put(self, name: str, value: str) -> None:
        if name and self.forms:
            self.forms[-1].setdefault(name, []).append(value)


def filled(page: str, having: str) -> dict[str, list[str]]:
    """The fields of the form on `page` that has one named `having`, each with its values, without its CSRF token."""
    reader = _Reader()
    reader.feed(page)
    form = next(form for form in reader.forms if having in form)
    return {name: values for name, values in form.items() if name != "csrf_token"}
