"""The words of the pages behind the unsubscribe link, in four languages.

The page puts values, with markup, for `{email}`, `{event}` and `{organizer}`.
"""

from collections.abc import Mapping

LANGUAGES: Mapping[str, str] = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español"}

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "skip": "Skip to content",
        "language": "Language",
        "preview_title": "This link changes nothing",
        "preview": "It comes from a preview or a test. In a mail to guests it takes them off the mailing list.",
        "asked_title": "No more mail about this event?",
        "asked": "{email} will get no more mail about {event}.",
        "stop": "Stop these mails",
        "or_everything": "You can also stop every mail from {organizer}, about this event and all others.",
        "stop_everything": "Stop all mail",
        "done_title": "You are off the list",
        "done_here": "{email} gets no more mail about {event}. You can close this page.",
        "done_everywhere": "{email} gets no more mail from {organizer}, about no event. You can close this page.",
        "mistake": "Was that a mistake?",
        "come_back": "I want mail again",
        "returning_title": "Get mail again?",
        "returning": "{email} will get mail about {event} again.",
        "yes": "Yes, mail me again",
        "back_title": "You are back on the list",
        "back": "{email} gets mail about {event} again.",
    },
    "de": {
        "skip": "Zum Inhalt springen",
        "language": "Sprache",
        "preview_title": "Dieser Link ändert nichts",
        "preview": "Er kommt aus einer Vorschau oder einem Test. In einer Mail an Gäste meldet er sie ab.",
        "asked_title": "Keine Mails mehr zu dieser Veranstaltung?",
        "asked": "{email} bekommt dann keine Mails mehr zu {event}.",
        "stop": "Diese Mails abbestellen",
        "or_everything": "Sie können auch alle Mails von {organizer} abbestellen, zu dieser und jeder anderen "
        "Veranstaltung.",
        "stop_everything": "Alle Mails abbestellen",
        "done_title": "Sie sind abgemeldet",
        "done_here": "{email} bekommt keine Mails mehr zu {event}. Sie können diese Seite schließen.",
        "done_everywhere": "{email} bekommt keine Mails mehr von {organizer}, zu keiner Veranstaltung. Sie können "
        "diese Seite schließen.",
        "mistake": "War das ein Versehen?",
        "come_back": "Ich möchte wieder Mails",
        "returning_title": "Wieder Mails bekommen?",
        "returning": "{email} bekommt dann wieder Mails zu {event}.",
        "yes": "Ja, wieder Mails schicken",
        "back_title": "Sie sind wieder angemeldet",
        "back": "{email} bekommt wieder Mails zu {event}.",
    },
    "fr": {
        "skip": "Aller au contenu",
        "language": "Langue",
        "preview_title": "Ce lien ne change rien",
        "preview": "Il vient d’un aperçu ou d’un test. Dans un e-mail aux invités, il les retire de la liste d’envoi.",
        "asked_title": "Ne plus recevoir d’e-mails sur cet événement ?",
        "asked": "{email} ne recevra plus d’e-mails au sujet de {event}.",
        "stop": "Arrêter ces e-mails",
        "or_everything": "Vous pouvez aussi arrêter tous les e-mails de {organizer}, sur cet événement et tous les "
        "autres.",
        "stop_everything": "Arrêter tous les e-mails",
        "done_title": "Vous êtes désinscrit",
        "done_here": "{email} ne reçoit plus d’e-mails au sujet de {event}. Vous pouvez fermer cette page.",
        "done_everywhere": "{email} ne reçoit plus d’e-mails de {organizer}, sur aucun événement. Vous pouvez fermer "
        "cette page.",
        "mistake": "Était-ce une erreur ?",
        "come_back": "Je veux de nouveau des e-mails",
        "returning_title": "Recevoir de nouveau des e-mails ?",
        "returning": "{email} recevra de nouveau des e-mails au sujet de {event}.",
        "yes": "Oui, m’écrire de nouveau",
        "back_title": "Vous êtes réinscrit",
        "back": "{email} reçoit de nouveau des e-mails au sujet de {event}.",
    },
    "es": {
        "skip": "Ir al contenido",
        "language": "Idioma",
        "preview_title": "Este enlace no cambia nada",
        "preview": "Viene de una vista previa o de una prueba. En un correo a los invitados los da de baja.",
        "asked_title": "¿No quiere más correos sobre este evento?",
        "asked": "{email} no recibirá más correos sobre {event}.",
        "stop": "Dejar de recibir estos correos",
        "or_everything": "También puede dejar de recibir todos los correos de {organizer}, sobre este evento y todos "
        "los demás.",
        "stop_everything": "Dejar de recibir todos los correos",
        "done_title": "Se ha dado de baja",
        "done_here": "{email} ya no recibe correos sobre {event}. Puede cerrar esta página.",
        "done_everywhere": "{email} ya no recibe correos de {organizer}, sobre ningún evento. Puede cerrar esta "
        "página.",
        "mistake": "¿Fue un error?",
        "come_back": "Quiero recibir correos otra vez",
        "returning_title": "¿Recibir correos otra vez?",
        "returning": "{email} recibirá otra vez correos sobre {event}.",
        "yes": "Sí, escríbanme otra vez",
        "back_title": "Vuelve a estar en la lista",
        "back": "{email} recibe otra vez correos sobre {event}.",
    },
}
