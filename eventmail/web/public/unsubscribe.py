"""The pages behind the unsubscribe link of every mail: leave, and come back (F2, RFC 8058)."""

from flask import Blueprint, Response, make_response, render_template, request, url_for
from markupsafe import Markup

from eventmail.domain.suppressions import unsubscribe
from eventmail.web.core.access import acting, csrf, open_to_everyone
from eventmail.web.core.context import settings
from eventmail.web.words.unsubscribe import LANGUAGES, WORDS

bp = Blueprint("unsubscribe", __name__, url_prefix="/unsubscribe")

PREVIEW = "preview"  # stands where a token would


@bp.route(f"/{PREVIEW}", methods=["GET", "POST"])
@open_to_everyone
@csrf.exempt
def preview() -> Response:
    """The page behind the link of a preview or a test. It changes nothing (E2).

    Mail services also post to the link in the header of a test, and are told that it worked.
    """
    return _page("preview")


@bp.get("/<link:token>")
@open_to_everyone
def page(token: str) -> Response:
    """Asks first. A GET changes nothing, since scanners open every link of a mail (F2)."""
    if token == PREVIEW:
        return _page("preview")
    found = unsubscribe.by_token(token, settings().secret)
    return _page("done" if found.listed else "asked", found, token)


@bp.post("/<link:token>")
@open_to_everyone
@csrf.exempt
def leave(token: str) -> Response:
    """Lists the address at once; a repeated POST changes nothing. Mail services post here, too (RFC 8058)."""
    if token == PREVIEW:
        return _page("preview")
    everywhere = request.form.get("from") == "everything"
    return _page("done", unsubscribe.unsubscribe(token, settings().secret, acting(), everywhere=everywhere), token)


@bp.get("/<link:token>/return")
@open_to_everyone
def returning(token: str) -> Response:
    """Asks before the guest gets mail again."""
    found = unsubscribe.by_token(token, settings().secret)
    return _page("returning" if found.own else "asked" if not found.listed else "done", found, token)


@bp.post("/<link:token>/return")
@open_to_everyone
@csrf.exempt
def come_back(token: str) -> Response:
    """Takes back the guest's own entry. Any other entry still keeps mail from the guest."""
    found = unsubscribe.take_back(token, settings().secret, acting())
    return _page("done" if found.listed else "back", found, token)


def _page(state: str, found: unsubscribe.Listing | None = None, token: str = "") -> Response:
    """A page in the browser's first language that we have; `lang` in the URL chooses another."""
    language = request.args.get("lang", "")
    if language not in LANGUAGES:
        language = request.accept_languages.best_match(list(LANGUAGES), default="en")
    told = {"email": found.email, "event": found.event_title, "organizer": found.organizer} if found else {}
    marked = {name: Markup('<bdi class="strong">{}</bdi>').format(value) for name, value in told.items()}
    words = {name: Markup(sentence).format(**marked) if found else sentence  # noqa: S704  sentences of our own
             for name, sentence in WORDS[language].items()}  # fmt: skip
    here = url_for(".page", token=token) if found else url_for(".preview")
    shown = {"state": state, "found": found, "words": words, "lang": language, "here": here, "languages": LANGUAGES}
    answer = make_response(render_template("public/unsubscribe.html", **shown, skip_words=words["skip"]))
    answer.vary.add("Accept-Language")
    return answer
