"""The texts of the demo's designs, as the team of a gala keeps them, as data. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from eventmail.domain.mailings.contents import Text
from eventmail.states import MessageType


class Sketch(NamedTuple):
    """One design. `days` is the age of its draft; `published` what is published of it, None for nothing."""

    message_type: MessageType
    name: str
    days: int
    text: Text
    published: Text | None = None


_INVITATION, _UPDATE, _REMINDER = MessageType.INVITATION, MessageType.UPDATE, MessageType.REMINDER
_CALENDAR, _FOLLOW_UP = MessageType.CALENDAR, MessageType.FOLLOW_UP

_DEAR = "Dear {guest.firstName|guest},\n\n"
_HI = "Hi {guest.firstName|there},\n\n"
_END = "\n\nWarm regards\n{organizer.name}"
_CALENDAR_LINKS = "\n\n::: calendar-links\n:::"


def _button(words: str) -> str:
    return f"\n\n::: button {{event.url}}\n{words}\n:::"


_SAVE_THE_DATE = Text(
    "Save the date: {event.title}",
    "{event.date}, an evening to look forward to",
    f"{_DEAR}please keep **{{event.date}}** free. {{event.title}} begins at {{event.time}}, at {{event.location}}.\n\n"
    f"The invitation with all details follows in a few weeks. You need not answer yet.{_END}",
)
_INVITED = Text(
    "You are invited to {event.title}",
    "{event.date} at {event.time}",
    f"{_DEAR}we would be delighted to have you with us at **{{event.title}}**.\n\n"
    "- When: {event.date} at {event.time}\n- Where: {event.location}\n- Dress: festive\n"
    f"{_button('Say whether you come')}{_END}",
)
_INVITED_ANEW = Text(
    _INVITED.subject,
    "{event.date} at {event.time}, dinner and music included",
    f"{_DEAR}we would be delighted to have you with us at **{{event.title}}**.\n\n"
    "- When: {event.date}, doors open at {event.time}\n- Where: {event.location}\n- Dress: festive\n\n"
    f"Dinner, drinks and music are included. Please answer within two weeks.{_button('Say whether you come')}{_END}",
)
_IN_YOUR_CALENDAR = Text(
    "{event.title}: put it in your calendar",
    "One press, and the evening is in your calendar",
    f"{_HI}your seat at {{event.title}} is confirmed. With one of these links the evening stands in your "
    f"calendar:{_CALENDAR_LINKS}\n\nIt begins on {{event.date}} at {{event.time}} ({{event.timezone}}), at "
    f"{{event.location}}.{_END}",
)

DESIGNS: Sequence[Sketch] = (
    Sketch(_INVITATION, "Save the date", 34, _SAVE_THE_DATE, _SAVE_THE_DATE),
    Sketch(_INVITATION, "Invitation", 2, _INVITED_ANEW, _INVITED),
    Sketch(_INVITATION, "Invitation for VIPs", 12, Text(
        "A seat in the first row at {event.title}",
        "A personal invitation",
        f"{_DEAR}without you this year would have been another one. A seat in the first row is kept for you on "
        f"{{event.date}}.\n\nOn arrival, give your name at the side entrance. We will be waiting for you.{_END}",
    )),
    Sketch(_INVITATION, "Invitation for partners and sponsors", 19, Text(
        "{event.title}: two seats for {guest.company|your company}",
        "Our thanks for your support",
        f"{_DEAR}{{guest.company|your company}} helped to make {{event.title}} possible, and we would like to say "
        f"thank you in person.\n\nTwo seats at the table of our partners are kept for you.{_button('Name your guests')}"
        f"{_END}",
    )),
    Sketch(_INVITATION, "Invitation for the press", 21, Text(
        "Press invitation: {event.title}, {event.date}",
        "Accreditation and interviews",
        f"{_DEAR}you are invited to report from {{event.title}} at {{event.location}}.\n\nDoors for the press open an "
        f"hour before {{event.time}}. For interviews, write to {{organizer.email}}.{_END}",
    )),
    Sketch(_INVITATION, "A seat became free", 8, Text(
        "Good news: there is a seat for you at {event.title}",
        "You were on the waiting list",
        f"{_HI}you were on our waiting list, and a seat at {{event.title}} became free.\n\nIt is kept for you for "
        f"three days; after that somebody else gets it.{_button('Take the seat')}{_END}",
    )),
    Sketch(_UPDATE, "Programme of the evening", 5, Text(
        "The programme of {event.title}",
        "Who plays, who speaks, and when dinner is served",
        f"{_HI}this is the evening of {{event.date}}:\n\n"
        "| When | What |\n|---|---|\n| {event.time} | Doors, drinks, music |\n| an hour later | Dinner |\n"
        f"| after dinner | Speeches and the fixture draw |\n| until late | Dancing |{_END}",
    )),
    Sketch(_UPDATE, "Menu and special wishes", 6, Text(
        "What may we cook for you?",
        "Tell us what you do not eat",
        f"{_HI}the kitchen is planning the dinner of {{event.title}}. For you we have noted: "
        f"**{{guest.dietary|no special wishes}}**.\n\nIs that right? If not, just answer this mail.{_END}",
    )),
    Sketch(_UPDATE, "How to get there", 11, Text(
        "Your way to {event.title}",
        "{event.location}",
        f"{_HI}{{event.title}} takes place at {{event.location}}.\n\n- By underground: two minutes from the station\n"
        "- By bicycle: there are stands in the courtyard\n- By car: please use the car park behind the house\n\n"
        f"The entrance has no steps. Call us if you need anything else.{_END}",
    )),
    Sketch(_UPDATE, "Where to stay", 24, Text(
        "Rooms near {event.location}",
        "Three hotels keep rooms for our guests",
        f"{_HI}do you come from out of town? Three hotels within walking distance keep rooms for the guests of "
        f"{{event.title}}. Name the event when you book.{_button('See the hotels')}{_END}",
    )),
    Sketch(_UPDATE, "Another place", 40, Text(
        "{event.title} moves to another place",
        "Same date, same time",
        f"{_DEAR}{{event.title}} takes place at **{{event.location}}**, not where we first said. Date and time stay: "
        f"{{event.date}} at {{event.time}}.\n\nYour seat is yours as before. We are sorry for the trouble.{_END}",
    )),
    Sketch(_UPDATE, "Another time", 40, Text(
        "{event.title} begins at {event.time}",
        "Please note the new time",
        f"{_DEAR}{{event.title}} on {{event.date}} begins at **{{event.time}}**, not when we first said.\n\nIf you "
        f"can no longer come, a short answer is enough.{_END}",
    )),
    Sketch(_REMINDER, "Please answer", 9, Text(
        "Will you join us at {event.title}?",
        "We are planning the tables",
        f"{_HI}you have not told us yet whether you come to {{event.title}} on {{event.date}}. We are planning the "
        f"tables, so a yes or a no helps us a lot.{_button('Say whether you come')}{_END}",
    )),
    Sketch(_REMINDER, "Last chance to answer", 9, Text(
        "The guest list of {event.title} closes on Friday",
        "Without an answer we give your seat to somebody else",
        f"{_HI}on Friday we close the guest list of {{event.title}}. Without an answer your seat goes to somebody on "
        f"the waiting list.{_button('Keep my seat')}{_END}",
    )),
    Sketch(_REMINDER, "Two weeks to go", 15, Text(
        "Two weeks until {event.title}",
        "What to know before the evening",
        f"{_HI}in two weeks it is time: {{event.date}} at {{event.time}}, {{event.location}}.\n\n- Dress: festive\n"
        f"- Cloakroom: free\n- Can you not come after all? Please tell us, others are waiting.{_END}",
    )),
    Sketch(_REMINDER, "Tomorrow", 15, Text(
        "See you tomorrow at {event.time}",
        "{event.location}",
        f"{_HI}tomorrow is {{event.title}}. Doors open at {{event.time}}, and your name is on the list at the "
        f"entrance.\n\nShould something come up: {{organizer.email}}.{_END}",
    )),
    Sketch(_REMINDER, "Today", 15, Text(
        "Tonight: {event.title}",
        "We look forward to seeing you",
        f"{_HI}tonight at {{event.time}} we open the doors of {{event.location}}. Come as you like, as long as it is "
        f"festive.{_END}",
    )),
    Sketch(_CALENDAR, "Put it in your calendar", 13, _IN_YOUR_CALENDAR, _IN_YOUR_CALENDAR),
    Sketch(_CALENDAR, "New time for your calendar", 40, Text(
        "Please update your calendar: {event.title}",
        "The entry of before does not change by itself",
        f"{_HI}{{event.title}} has a new time: {{event.date}} at {{event.time}}. An entry that you added to your "
        f"calendar does not change by itself, so please delete it and add the new one:{_CALENDAR_LINKS}{_END}",
    )),
    Sketch(_CALENDAR, "Rehearsal for speakers and musicians", 16, Text(
        "On stage at {event.title}: rehearsal and calendar links",
        "For everybody on stage",
        f"{_HI}thank you for being on stage at {{event.title}}. The evening itself for your "
        f"calendar:{_CALENDAR_LINKS}\n\nThe rehearsal is two hours before {{event.time}}, at {{event.location}}.{_END}",
    )),
    Sketch(_FOLLOW_UP, "Thank you for coming", 3, Text(
        "Thank you for an unforgettable evening",
        "From all of us",
        f"{_DEAR}{{event.title}} was what it was because you were there. Thank you.{_END}",
    )),
    Sketch(_FOLLOW_UP, "Pictures of the evening", 3, Text(
        "The pictures of {event.title} are here",
        "Perhaps one of them shows you",
        f"{_HI}our photographer was busy, and the pictures of {{event.title}} are online. If you would rather not be "
        f"seen in one of them, answer this mail and it goes.{_button('Look at the pictures')}{_END}",
    )),
    Sketch(_FOLLOW_UP, "We missed you", 17, Text(
        "We missed you at {event.title}",
        "Next year, perhaps",
        f"{_HI}it is a pity that you could not be at {{event.title}}. We would be happy to see you next year, and will "
        f"write to you in good time.{_END}",
    )),
    Sketch(_FOLLOW_UP, "How was it?", 17, Text(
        "Three questions about {event.title}",
        "They take two minutes",
        f"{_HI}what did you enjoy at {{event.title}}, what was too long, and what was missing? Your answers are read "
        f"by the whole team.{_button('Answer three questions')}{_END}",
    )),
    Sketch(_FOLLOW_UP, "Thanks to our helpers", 28, Text(
        "Without you there would have been no {event.title}",
        "A small thank-you is waiting",
        f"{_HI}you carried chairs, poured drinks and found lost coats. Thank you!\n\nThe helpers' dinner is in two "
        f"weeks. Please tell us what you do not eat; we have noted: {{guest.dietary|no special wishes}}.{_END}",
    )),
)  # fmt: skip
