"""Words of a link that do not say where it leads. Whoever has links read aloud, or skims them, hears nothing else."""

import re
import unicodedata

# Whole labels, without accents. Words that another language reads otherwise ("Start", "Meer", "plus") are left out.
_LISTED = """
click here, click, click this, click this link, click the link, click below, tap here, press here, here, right here,
see here, link, links, this, this link, the link, this page, more, read more, learn more, see more, find out more,
hier, hier klicken, bitte hier klicken, klick hier, klicke hier, klicken sie hier, klickt hier, mehr, mehr lesen,
weiterlesen, mehr erfahren, mehr dazu, dieser link, diesen link, zum link,
ici, cliquez ici, clique ici, cliquer ici, en savoir plus, lire la suite, lire plus, lien, ce lien, voir plus,
aqui, haz clic aqui, haga clic aqui, hacer clic aqui, clic aqui, pulsa aqui, pincha aqui, leer mas, ver mas, saber mas,
enlace, este enlace,
qui, clicca qui, cliccate qui, cliccare qui, fai clic qui, leggi di piu, scopri di piu, questo link, di piu,
klik hier, lees meer, meer lezen, meer informatie, deze link,
tutaj, kliknij tutaj, kliknij tu, wiecej, czytaj wiecej, dowiedz sie wiecej, ten link,
clique aqui, clica aqui, carregue aqui, saiba mais, leia mais, ler mais, ver mais, este link
"""
_VAGUE = frozenset(" ".join(label.split()) for label in _LISTED.split(","))


def is_vague(label: str) -> bool:
    """Whether a whole label says no more than “click here”, whatever its case and the signs around it."""
    letters = unicodedata.normalize("NFKD", label.casefold())
    bare = "".join(sign for sign in letters if not unicodedata.combining(sign))
    return " ".join(re.sub(r"[\W_]+", " ", bare).split()) in _VAGUE
