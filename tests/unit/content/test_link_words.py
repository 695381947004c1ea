import pytest

from eventmail.content.link_words import is_vague


@pytest.mark.parametrize(
    "label",
    [
        "click here", "Click Here!", "HERE", "→ here", "👉 Click here 👈", "[link]", "Read more…", "more", "this",
        "“here”", "hier", "Hier klicken", "Klicken Sie hier.", "weiterlesen »", "ici", "Cliquez ici", "En savoir plus",
        "aquí", "¡Haz clic aquí!", "aqui\u0301", "qui", "Clicca qui", "Leggi di più", "klik hier", "Lees meer",
        "tutaj", "Kliknij tutaj", "więcej", "aqui", "Clique aqui", "Saiba mais", "click\u00a0here", "  click   here ",
    ],
)  # fmt: skip
def test_a_label_that_only_says_here_is_vague_in_each_language_and_with_any_signs_around_it(label):
    assert is_vague(label)


@pytest.mark.parametrize(
    "label",
    [
        # a part of a label is never enough: “where/how” holds “here”, “Click here to read the programme” says enough
        "where/how to find us", "Click here to read the programme", "here comes the sun", "There", "More wine",
        "this year",
        # words that say enough in another language: Dutch for home, German for sea, English for the better ticket
        "Start", "Meer", "Plus", "Mais", "Tu", "Wo",
        "Programme", "RSVP", "the programme", "https://gala.org/here", "here@gala.org", "hier.org", "Bier", "Ici Paris",
        "", "→", "👉", "2027", "ここ", "הנה", "اضغط", "{guest.firstName}",
    ],
)  # fmt: skip
def test_a_label_that_says_where_it_leads_is_not_vague(label):
    assert not is_vague(label)
