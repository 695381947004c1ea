"""Who is invited to the demo: 43 people of all kinds, as data. Pure."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from eventmail.states import GuestStatus

COLUMNS = ("company", "dietary")
VIP = "vip"


class Sketch(NamedTuple):
    """One guest; `mailbox` is the part of the address before "@example.com"."""

    status: GuestStatus
    first_name: str
    last_name: str
    mailbox: str
    company: str = ""
    dietary: str = ""
    vip: bool = False

    @property
    def email(self) -> str:
        return f"{self.mailbox}@example.com" if self.mailbox else ""

    def values(self) -> dict[str, Any]:
        """The values of a form about this guest."""
        return {
            "email": self.email, "first_name": self.first_name, "last_name": self.last_name, "status": self.status,
            "tags": [VIP] if self.vip else [], "attributes": {"company": self.company, "dietary": self.dietary},
        }  # fmt: skip


_I, _C, _D = GuestStatus.INVITED, GuestStatus.CONFIRMED, GuestStatus.DECLINED

_INVITED = (
    Sketch(_I, "Ada", "Lovelace", "ada.lovelace", "Analytical Engines", vip=True),
    Sketch(_I, "Jürgen", "Müller", "juergen.mueller", "Müller & Söhne", "vegetarian"),
    Sketch(_I, "Siobhán", "O'Brien", "siobhan.obrien", "Lough Press"),
    Sketch(_I, "Priya", "Raghunathan", "priya.raghunathan", "Monsoon Labs", "vegan"),
    Sketch(_I, "Nguyễn", "Thị Hạnh", "hanh.nguyen", "Sông Hồng Design"),
    Sketch(_I, "Mateo", "Álvarez Núñez", "mateo.alvarez", "Andes Freight"),
    Sketch(_I, "Zofia", "Wiśniewska", "zofia.wisniewska", "Bursztyn"),
    Sketch(_I, "Kwame", "Mensah", "kwame.mensah", "Volta Solar", "no pork"),
    Sketch(_I, "Ingrid", "Bjørnstad", "ingrid.bjornstad", "Fjordlys"),
    Sketch(_I, "Tomáš", "Dvořák", "tomas.dvorak", "Dvořák Instruments"),
    Sketch(_I, "Elif", "Yılmaz", "elif.yilmaz", "", "halal"),
    Sketch(_I, "Jean-Baptiste", "Lefèvre", "jb.lefevre", "Atelier Lefèvre"),
)
_CONFIRMED = (
    Sketch(_C, "Grace", "Hopper", "grace.hopper", "Harbour Compilers", vip=True),
    Sketch(_C, "ליאור", "כהן", "lior.cohen", "Galil Optics", "kosher", vip=True),
    Sketch(_C, "Fatima", "al-Zahrani", "fatima.alzahrani", "Qamar Logistics", "halal", vip=True),
    Sketch(_C, "美咲", "佐藤", "misaki.sato", "Sakura Paper", vip=True),
    Sketch(_C, "", "Nakamura", "nakamura", "Nakamura Trading", vip=True),
    Sketch(_C, "", "Lindqvist", "office.lindqvist", "Lindqvist Foundation"),
    Sketch(_C, "Amara", "Obi", "obi.family", "Obi Textiles"),
    Sketch(_C, "Chidi", "Obi", "obi.family", "Obi Textiles", "no nuts"),
    Sketch(_C, "Olga", "Petrova", "olga.petrova", "Severny Archive"),
    Sketch(_C, "Björn", "Sigurðsson", "bjorn.sigurdsson", "Hekla Geothermal"),
    Sketch(_C, "Chiara", "D'Angelo", "chiara.dangelo", "Teatro Minimo", "vegetarian"),
    Sketch(_C, "Rui", "Gonçalves", "rui.goncalves", "Azulejo Studio"),
    Sketch(_C, "Hanna", "Schmidt", "hanna.schmidt", "Stadtbibliothek"),
    Sketch(_C, "Oluwaseun", "Adeyemi", "seun.adeyemi", "Lagos Code House"),
    Sketch(_C, "Wei", "Zhang", "wei.zhang", "Bamboo Robotics"),
    Sketch(_C, "Noa", "van den Berg", "noa.vandenberg", "Waterschap Noord", "vegan"),
    Sketch(_C, "Dimitra", "Παπαδοπούλου", "dimitra.p", "Kyma Theatre"),
    Sketch(_C, "Luca", "Rossi", "luca.rossi", "", "gluten-free"),
    Sketch(_C, "Aisling", "Ní Dhomhnaill", "aisling.nid", "Lough Press"),
    Sketch(_C, "Samuel", "Goldberg & Partner", "samuel.goldberg", "Goldberg <Events>"),
)
_DECLINED = (
    Sketch(_D, "Marie", "Curie", "marie.curie", "Radium Institute"),
    Sketch(_D, "Pedro", "Sánchez Vidal", "pedro.sanchez", "Costa Norte"),
    Sketch(_D, "Yuki", "Tanaka", "yuki.tanaka", "Sakura Paper"),
    Sketch(_D, "Anna-Lena", "Groß", "annalena.gross", "Groß Verlag"),
    Sketch(_D, "Thandiwe", "Nkosi", "thandiwe.nkosi", "Baobab Media"),
)
_BOUNCED = (
    Sketch(_I, "Viktor", "Horváth", "viktor.horvath", "Duna Press"),
    Sketch(_I, "Leila", "Haddad", "leila.haddad", "Cedar Films"),
    Sketch(_I, "Oskar", "Nilsson", "oskar.nilsson", "Norrsken"),
)
_SUPPRESSED = (
    Sketch(_I, "Emma", "Johansson", "emma.johansson", "Norrsken"),
    Sketch(_I, "Rajesh", "Iyer", "rajesh.iyer", "Monsoon Labs"),
)
_NO_ADDRESS = (Sketch(_I, "Walter", "Kowalski", "", "Kowalski Catering"),)

GALA: Sequence[Sketch] = (*_INVITED, *_CONFIRMED, *_DECLINED, *_BOUNCED, *_SUPPRESSED, *_NO_ADDRESS)
BOUNCED = tuple(sketch.email for sketch in _BOUNCED)
SUPPRESSED = tuple(sketch.email for sketch in _SUPPRESSED)
OTHER_TEAM: Sequence[Sketch] = (
    Sketch(_C, "Helena", "Brandão", "helena.brandao"),
    Sketch(_C, "Arthur", "Pendleton", "arthur.pendleton"),
    Sketch(_I, "Mirjam", "de Wit", "mirjam.dewit"),
)

_FIRST = ("Alex", "Bea", "Chen", "Dilara", "Emil", "Farah", "Gustav", "Hiroshi", "Ines", "Jakub", "Kira", "Leo", "Maja")
_LAST = ("Abadi", "Berger", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Huang", "Ivanova", "Jansen", "Khan")


def name_of(number: int) -> tuple[str, str]:
    """A first and a last name for the guest of this number."""
    return _FIRST[number % len(_FIRST)], _LAST[number % len(_LAST)]
