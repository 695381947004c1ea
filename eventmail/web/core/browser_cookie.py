"""The cookie of a browser that has signed in before, so that wrong tries of strangers do not keep it out.

It lets nobody in: the password is still asked, and the tries of this browser are counted apart.
"""

from datetime import timedelta

from flask import Response, after_this_request, current_app, request

from eventmail import ids, signing

KEPT = timedelta(days=365)
_MOST = 5  # colleagues in one browser
_PURPOSE = "browser"


def read() -> dict[int, str]:
    """The name of this browser, by the id of each colleague who signed in with it; forged entries are left out."""
    name, _, entries = request.cookies.get(_cookie(), "").partition(".")
    signed = (entry.partition("-")[::2] for entry in entries.split(".")[:_MOST])
    known = ((ids.row_id(number), signature) for number, signature in signed)
    return {
        user_id: name
        for user_id, signature in known
        if name and user_id and signing.verify(_secret(), signature, _PURPOSE, name, user_id)
    }


def remember(user_id: int) -> None:
    """Set the cookie for a colleague who has just signed in, with the answer to this request."""
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
    return current_app.config["SECRET_KEY"]
