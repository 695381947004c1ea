"""A file of guests as a person chooses it on the import's page."""

import io
from typing import Any

TEXT = (
    "email,name,status,Table\n"
    "ana@x.test,Ana Ruiz,declined,7\n"
    "ben@x.test,Ben Okafor,,8\n"
    "new@x.test,<b>New</b> שלום,,\n"
    "same@x.test,Same Person,,\n"
    "<i>bad</i>,Bad,,\n"
)


def csv_upload(text: str | bytes, name: str = "guests.csv", **fields: str) -> dict[str, Any]:
    return {"file": (io.BytesIO(text if isinstance(text, bytes) else text.encode()), name), **fields}


def chosen(client: Any, url: str, text: str | bytes) -> str:
    """Choose a file: the page on which it is looked at."""
    answer = client.submit(url, csv_upload(text))
    assert answer.status_code == 303
    assert answer.location.startswith(f"{url}/")
    return str(answer.location)
