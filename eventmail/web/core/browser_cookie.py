"""The cookie by which a browser is known to have signed in before: strangers' wrong tries do not keep it out.

It lets nobody in: with it a password is still asked, and tries are counted for this browser alone.
"""

from datetime import timedelta

from flask import Response, after_this_request, current_app, request

from eventmail import ids, signing

KEPT = timedelta(days=365)
_MOST = 5  # colleagues who share a browser
_PURPOSE = "browser"


def read() -> dict[int, str]:
    """The name of this browser for each colleague, by id, who signed in with it; what was made up is left out."""
    name, _, entries = request.cookies.get(_cookie(), "").partition(".")
    known = {}
    for entry in entries.split(".")[:_MOST]:
        number, _, signature = entry.partition("-")
        user_id = ids.row_id(number)
        if name and user_id and signing.verify(_secret(), signature, _PURPOSE, name, user_id):
            known[user_id] = name
    return known


def remember(user_id: int) -> None:
    """Let this browser be known to a colleague who signed in just now, with the answer to this request."""
    known = read()
    name = next(iter(known.values()), "") or signing.new_token()
    users = [user_id, *(other for other in known if other != user_id)][:_MOST]
    value = ".".join([name, *(f"{user}-{signing.sign(_secret(), _PURPOSE, name, user)}" for user in users)])

    @after_this_request
    def _set(answer: Response) -> Response:
        answer.set_cookie(
            _cookie(), value, max_age=KEPT, httponly=True, samesite="Lax", path="/",
            secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        )  # fmt: skip
        return answer


def _cookie() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}_browser"


def _secret() -> bytes:
    secret: bytes = current_app.config["SECRET_KEY"]
    return secret
