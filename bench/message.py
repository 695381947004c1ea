"""The message that is sent: about 10 KB of HTML beside a text part, six merge fields, four of them each guest's own."""

SUBJECT = "{guest.firstName|Hello}, your place at {event.title}"
_HEAD = """# {event.title}

Dear {guest.fullName|guest},

we look forward to seeing you on **{event.date}** at {event.location}. This invitation is for {guest.email} alone.
Please bring it along, {guest.firstName|dear guest}, printed or on your phone.

## The evening
"""
_LINES = (
    "From half past five the cloakroom in the courtyard takes coats, umbrellas and instrument cases.",
    "Dinner is served in three rooms; the seating plan hangs beside the stairs, ordered by name.",
    "The orchestra plays twice, before the main course and after the draw; dancing begins at ten.",
    "Whoever needs a quiet place finds one in the library: tea, armchairs and no loudspeakers.",
    "Night buses leave from the square every twenty minutes; the café calls taxis on request.",
)
_LINES_IN_ALL = 50


def body() -> str:
    """The text as an organizer writes it."""
    lines = (f"- {_LINES[number % len(_LINES)]}\n" for number in range(_LINES_IN_ALL))
    return f"{_HEAD}\n{''.join(lines)}\nUntil then!\n\n{{organizer.name}}\n"


def mailing(**audience: list[str]) -> dict[str, object]:
    """The body of the request that sends it, to confirmed guests unless `audience` says otherwise."""
    return {
        "kind": "one_time",
        "subject": SUBJECT,
        "body": body(),
        "audience": audience or {"statuses": ["confirmed"]},
    }
