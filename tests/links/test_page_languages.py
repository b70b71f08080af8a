"""The page of a link in the languages of whoever opens it, and how it is read out."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optout.http import link_page, link_texts
from optout.operations.links import Link
from tests.links.test_page import asked, opened, path
from tests.support.client import App
from tests.support.world import CONTOSO

LANGUAGES = [
    ("+447700900123", None, ["en"]),
    ("+33612345678", None, ["fr"]),
    ("+33612345678", "en-GB,en;q=0.9", ["en", "fr"]),
    ("+41781234567", None, ["de", "fr", "it"]),
    ("+32470123456", None, ["nl", "fr", "de"]),
    ("+14255550123", None, ["en", "es"]),
    ("+14165550123", "fr-CA", ["fr", "en"]),
    ("+972501234567", None, ["he"]),
    ("+971501234567", "en", ["en", "ar"]),
    ("+85251234567", None, ["en", "zh-Hant"]),
    ("+81901234567", "zh-TW,ja;q=0.5", ["zh-Hant", "ja"]),
    ("+4741234567", "nn-NO,no;q=0.8", ["nb"]),
    ("+639171234567", "fil", ["tl", "en"]),
    ("+447700900123", "cy", ["en"]),
    ("+447700900123", "pl;q=0.5, uk;q=0.9, de;q=0", ["uk", "pl", "en"]),
    ("+447700900123", "*", ["en"]),
    ("+447700900123", "de,fr,it,es,pt", ["de", "fr", "it"]),
    ("+447700900123", ";;;q=,,\x00", ["en"]),
    ("+447700900123", "de," * 5000, ["en"]),
    ("+26812345678", None, ["en"]),
]


@pytest.mark.parametrize(("person", "accepted", "tags"), LANGUAGES)
def test_languages(person: str, accepted: str | None, tags: list[str]) -> None:
    """Those of the browser, then those of the recipient's country; three at most, and never none."""
    headers = {"accept-language": accepted} if accepted else {}
    found = link_page._texts(asked("x", **headers), Link(CONTOSO.sender("contoso"), person, "", ""))
    assert [texts.tag for texts in found] == tags


@given(st.text(max_size=300))
def test_any_header_has_a_page(header: str) -> None:
    """Whatever a browser says."""
    assert link_texts.choose(header, ["GB"])


FIELDS = {
    "ask": {"program", "number"},
    "done": {"program", "number"},
    "back_by_word": {"word", "sender"},
    "back_by_asking": {"program"},
}


@pytest.mark.parametrize("texts", link_texts.every().values(), ids=lambda each: each.tag)
def test_each_language_says_everything(texts: link_texts.Texts) -> None:
    """Each sentence names what it is about, and nothing else; each country that has a file is served in
    its languages."""
    for name, text in texts.model_dump().items():
        if isinstance(text, str):
            assert set(re.findall(r"{(\w+)}", text)) == FIELDS.get(name, set()), name
            assert text == text.strip()
    assert texts.tag not in texts.also
    rtl = re.search(r"[\u0590-\u06ff]", texts.ask) is not None
    assert (texts.direction == "rtl") is rtl


def test_one_language_is_there_for_everybody_else() -> None:
    assert [texts.tag for texts in link_texts.every().values() if texts.otherwise] == ["en"]


class Outline(HTMLParser):
    """What a screen reader goes by: languages, headings, buttons."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> Iterator[dict[str, str | None]]:
        return (attributes for name, attributes in self.found if name == tag)


def test_from_right_to_left(linked: App) -> None:
    """The page is Hebrew as a whole, what is English in it says so, and a number stays a number."""
    target = path(linked, person="+972501234567")
    page = Outline()
    page.feed(opened(linked, target, Accept_Language="he").body.decode())
    (html,), (button,) = page.of("html"), [*page.of("button")]
    assert html == {"lang": "he", "dir": "rtl"}
    assert button == {}
    assert [each["lang"] for each in page.of("p")] == ["he"]
    assert {"dir": "ltr"} in list(page.of("bdi"))
    mixed = Outline()
    mixed.feed(opened(linked, target, Accept_Language="en").body.decode())
    assert [(each["lang"], each["dir"]) for each in mixed.of("p")] == [("en", "ltr"), ("he", "rtl")]
