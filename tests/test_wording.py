"""Requests in people's own words: what counts, how surely, and what is left alone."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout.domain.enums import Certainty, Intent, NumberType, Party
from optout.language import rules
from optout.language.classify import classify
from optout.language.languages import languages

TEXTS = Path(__file__).parent / "wording"
CERTAIN, PROBABLE = Certainty.CERTAIN, Certainty.PROBABLE
HOUSE = ("STOP", "QUIT", "REVOKE", "CANCEL", "UNSUBSCRIBE", "OPTOUT", "ARRET")


def chosen(number_type: NumberType, manager: Party) -> rules.Ruleset:
    found = rules.choose(number_type, "US", manager)
    assert found is not None
    return found


LONG_CODE = chosen(NumberType.LONG_CODE, Party.SERVICE)
TOLL_FREE = chosen(NumberType.TOLL_FREE, Party.CARRIER)
PLATFORM = chosen(NumberType.SHORT_CODE, Party.PLATFORM)


def lines(name: str) -> list[str]:
    return (TEXTS / name).read_text("utf-8").splitlines()


def certainty(text: str) -> Certainty | None:
    """How surely a text opts out; None where it does not."""
    match = classify(text, LONG_CODE)
    return match.certainty if match.intent.opts_out and not match.unsure else None


def test_requests() -> None:
    """However people put it, in several languages."""
    assert [text for text in lines("requests.txt") if certainty(text) is None] == []


def test_ordinary_messages() -> None:
    """The same words about something else."""
    assert [text for text in lines("ordinary.txt") if certainty(text) is not None] == []


# The treatments that docs/rules.md promises.
TREATMENTS: list[tuple[str, Certainty | None]] = [
    ("STOP 12345", CERTAIN),
    ("STOP 12345 please", CERTAIN),
    ("stop 2 end", CERTAIN),
    ("stop to quit", CERTAIN),
    ("stop ads", CERTAIN),
    ("STOP HOROSCOPES", PROBABLE),
    ("stop yelling", None),
    ("STOP MARKEDSFØRING", CERTAIN),
    ("stop marknadsföring", CERTAIN),
    ("stop. also, when is my appointment?", CERTAIN),
    ("Cancel. I have moved away", CERTAIN),
    ("End. Thank you", PROBABLE),
    ("stop, my husband says hello", PROBABLE),
    ("I sold the car. Stop.", PROBABLE),
    ("I sold the car. Cancel.", None),
    ("Hello\nSTOP", CERTAIN),
    ("My name is Ann\nSTOP", PROBABLE),
    ("My name is Ann\nCANCEL", PROBABLE),
    ("STOP\nby the way, are you open?", PROBABLE),
    ("STOP\nI sold the car", CERTAIN),
    ("END\nof story", PROBABLE),
    ("Cancel\nmy appointment please", PROBABLE),
    ("stop stop please", CERTAIN),
    ("help stop", CERTAIN),
    ("start, no, stop", CERTAIN),
    ("please cancel", PROBABLE),
    ("Cancel my order", None),
    ("end of the line", None),
    ("stop by", None),
    ("stop at the corner", None),
    ("we talked so long STOP", PROBABLE),
    ("we talked so long at the stop", None),
    ("STOP (Sent with Lasers)", CERTAIN),
    ("optout sent with confetti", CERTAIN),
    ("1/2 STOP", CERTAIN),
    ("stop f***ing texting me", CERTAIN),
    ("I have moved to Ohio stop", PROBABLE),
    ("we are near the second stop", None),
    ("I want it to stop", None),
    ("I like them but please stop texting me", CERTAIN),
    ("We sold it so stop texting us", CERTAIN),
    ("you texted us by mistake can you remove my number", CERTAIN),
    ("he likes them and he won't stop texting me", None),
    ("I am old and do not want these messages", CERTAIN),
    ("stop!! you are kidding lol", PROBABLE),
    ("stop sending me memes lol", None),
    ("don't text me, call me instead", PROBABLE),
    ("reply stop", PROBABLE),
    ("Reply STOP to cancel", None),
    ("lose my #", CERTAIN),
    ("order # 12 please", None),
    ("leave meee aloneee", CERTAIN),
    ("don't text me I'm at work", PROBABLE),
    ("don't text me when I'm at work", None),
    ("I work nights don't text me", PROBABLE),
    ("he said don't text me", None),
    ("this is harassment", PROBABLE),
    ("this is harassment training", None),
    ("I hate these texts", PROBABLE),
    ("I hate these shoes", None),
    ("one more text and I'm calling the FCC", PROBABLE),
    ("one more text and I'm going to bed", None),
    ("How did you get my number? Delete it", PROBABLE),
    ("count me out", PROBABLE),
    ("count me out of the carpool", None),
    ("optmeout", PROBABLE),
    ("stoptextingme", PROBABLE),
    ("unsubscribemefromthislist!", PROBABLE),
    ("nonstop", None),
    ("stopover", None),
    ("weekendplans", None),
    ("remvoe me", CERTAIN),
]


@pytest.mark.parametrize(("text", "expected"), TREATMENTS, ids=lambda value: ascii(value))
def test_treatments(text: str, expected: Certainty | None) -> None:
    """Codes, topics, mixed messages and single lines, as documented."""
    assert certainty(text) is expected


@pytest.mark.parametrize(
    "text",
    [
        "Liked “{}”",
        'Loved "{}"',
        "Laughed at “{}”",
        "Emphasized “Contoso: sale! {}”",
        "Disliked “{}",
        "Questioned “{}”",
        "👍 to “{}”",
        "Reacted ❤️ to “{}”",
        "Le gustó “{}”",
        "A aimé « {} »",
        "Curtiu “{}”",
        "Fwd: {}",
        "FW: Contoso\n{}",
        "---- Forwarded message ----\n{}",
        "Begin forwarded message:\n{}",
        "-----Original Message-----\n{}",
        "On Mon, 3 Mar 2026, Contoso wrote:\n{}",
        "TR : Contoso\n{}",
        "WG: {}",
        "RV: {}",
        "ENC: {}",
        "> {}\nis this real?",
        "Contoso: 20% off today. {}",
    ],
)
@pytest.mark.parametrize(
    "quoted",
    [
        "Reply STOP to opt-out",
        "Text STOP to end",
        "Msg&data rates may apply. Reply HELP for help or STOP to cancel.",
        "Responda STOP para salir",
    ],
)
def test_what_somebody_else_wrote(text: str, quoted: str) -> None:
    """Reactions, forwarded messages and our own footer ask for nothing."""
    assert certainty(text.format(quoted)) is None


@pytest.mark.parametrize(
    "text", ['I said "STOP"', "“stop texting me”", "STOP\n> Reply STOP to opt-out"]
)
def test_own_words_in_quotes(text: str) -> None:
    """A word or two in quotation marks are the person's own."""
    assert certainty(text) is CERTAIN


OTHER_WORDS = {word for each in languages().values() for word in each.typos.never}


def swapped(word: str) -> list[str]:
    return [
        word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        for place in range(len(word) - 1)
    ]


def doubled(word: str) -> list[str]:
    return [word[: place + 1] + word[place:] for place in range(len(word))]


def held_down(word: str) -> list[str]:
    return [word[:place] + letter * 5 + word[place + 1 :] for place, letter in enumerate(word)]


@pytest.mark.parametrize("mistyped", [swapped, doubled, held_down])
@pytest.mark.parametrize("word", HOUSE)
def test_mistyped_words(word: str, mistyped: Callable[[str], list[str]]) -> None:
    """Letters swapped, doubled or held down: still the word, and certain."""
    for form in set(mistyped(word.lower())) - OTHER_WORDS:
        assert certainty(form) is CERTAIN, form
        assert certainty(f"{form}!! please") is not None, form


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("st0p", CERTAIN),
        ("5top", CERTAIN),
        ("$top", CERTAIN),
        ("cance1", CERTAIN),
        ("unsubscr1be", CERTAIN),
        ("ЅТОР", CERTAIN),
        ("STΟΡ", CERTAIN),
        ("stоp texting me", CERTAIN),
        ("stp", PROBABLE),
        ("stobp", PROBABLE),
        ("stpp texting me", PROBABLE),
        ("unsubscrbe", CERTAIN),
        ("cancwl", CERTAIN),
        ("atop", PROBABLE),
    ],
)
def test_other_misspellings(text: str, expected: Certainty) -> None:
    """Look-alikes are certain; in a short word, a wrong letter is only probable."""
    assert certainty(text) is expected


@pytest.mark.parametrize(
    "word",
    "shop step stomp top spot slop stoop strop and send sent ended quite quiet quit? suit cancer "
    "chancel evoke invoke arrest garret subscribe trend bend friend option output".replace(
        "quit?", ""
    ).split(),
)
@pytest.mark.parametrize("text", ["{}", "{} please", "the {} is here", "atop the {}"])
def test_other_words_are_not_misspellings(word: str, text: str) -> None:
    """A word of its own is not a mistyped one."""
    assert certainty(text.format(word)) is None


@settings(deadline=None)
@given(st.sampled_from(("start", "unstop")), st.data())
def test_opting_in_tolerates_no_typing_error(word: str, data: st.DataObject) -> None:
    """No single edit of an opt-in word opts a person in."""
    place = data.draw(st.integers(0, len(word)))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz0"))
    kept = data.draw(st.integers(0, 1))
    edited = word[:place] + letter + word[place + kept :]
    if edited != word:
        assert classify(edited, LONG_CODE).intent is not Intent.START


@pytest.mark.parametrize(
    ("text", "ruleset", "expected"),
    [
        ("HELP please", LONG_CODE, Intent.HELP),
        ("please, help!", LONG_CODE, Intent.HELP),
        ("help, thank you", PLATFORM, Intent.HELP),
        ("AYUDA por favor", LONG_CODE, Intent.HELP),
        ("ajuda", TOLL_FREE, Intent.HELP),
        ("help me please", LONG_CODE, Intent.NONE),
        ("SOS, we need help", LONG_CODE, Intent.NONE),
        ("s**t HELP", LONG_CODE, Intent.NONE),
        ("s**t START", LONG_CODE, Intent.NONE),
        ("necesito ayuda", LONG_CODE, Intent.NONE),
        ("START please", LONG_CODE, Intent.START),
        ("START please", TOLL_FREE, Intent.NONE),
        ("START please", PLATFORM, Intent.NONE),
        ("START", TOLL_FREE, Intent.START),
        ("please start", LONG_CODE, Intent.NONE),
        ("I want to start", LONG_CODE, Intent.NONE),
    ],
)
def test_help_and_start(text: str, ruleset: rules.Ruleset, expected: Intent) -> None:
    """Good manners around HELP and behind START, where nobody else has to understand it."""
    assert classify(text, ruleset).intent is expected


@pytest.mark.parametrize(
    ("text", "elsewhere", "there"),
    [
        ("ok dost", Intent.NONE, None),
        ("thanks dost", Intent.NONE, None),
        ("dost", Intent.NONE, "cs"),
        ("dost prosím", Intent.STOP, None),
        ("Suma", Intent.NONE, "pt"),
        ("alt", Intent.NONE, "it"),
        ("tc", Intent.NONE, "vi"),
        ("ok tc bye", Intent.NONE, None),
        ("די", Intent.STOP, None),
        ("די טוב", Intent.NONE, None),
        ("basta così", Intent.NONE, None),
    ],
)
def test_words_of_several_languages(text: str, elsewhere: Intent, there: str | None) -> None:
    """A word that another language has every day asks for something only in company: where its language
    is spoken, or beside a word of it."""
    assert classify(text, LONG_CODE).intent is elsewhere
    if there is not None:
        assert classify(text, replace(LONG_CODE, spoken=(there,))).intent is Intent.STOP


@pytest.mark.parametrize("text", ["TD", "TD!", "yes TD"])
def test_short_words_are_never_certain(text: str) -> None:
    """Chinese phones unsubscribe with it; in English it is a touchdown, too."""
    assert classify(text, LONG_CODE).certainty is Certainty.PROBABLE


@pytest.mark.parametrize(
    ("text", "rule", "language", "matched"),
    [
        ("Who is this? Please stop texting  me now", "en:stop+contact", "en", "stop texting me"),
        ("Stop f***ing texting me", "en:stop+contact", "en", "Stop f***ing texting me"),
        ("stop spam", "en:stop+messages", "en", "stop spam"),
        ("Quiero darme de baja", "es:unsubscribe", "es", "darme de baja"),
        ("Stop. Thanks", "en:stop+courtesy", "en", "Stop"),
        ("STOP", "house:STOP", "en", "STOP"),
    ],
)
def test_a_match_explains_itself(text: str, rule: str, language: str, matched: str) -> None:
    """The rule, the language, and the words of the text."""
    match = classify(text, LONG_CODE)
    assert match.language == language
    assert match.matched == matched
    assert match.rule == rule


def test_only_a_documented_word_alone_is_a_keyword() -> None:
    """What a carrier does not take for its word is blocked and answered by us."""
    assert classify("STOP", TOLL_FREE).keyword == "STOP"
    for text in ("please stop", "stopp", "STOP 12345", "stop. thanks", "help please"):
        assert classify(text, TOLL_FREE).keyword is None, text


@settings(deadline=None)
@given(st.text(st.sampled_from("stop txme,.\n!?'\"“”>1$éа退")))
def test_any_text_near_a_request(text: str) -> None:
    """Whatever is made of the pieces, an answer names its rule, words and language."""
    match = classify(text, LONG_CODE)
    known = match.intent is not Intent.NONE
    assert known == (match.rule is not None) == (match.matched is not None)
    assert known == (match.certainty is not None)
    # What only the second reader finds is in whatever language.
    assert known == (match.language is not None or match.unsure)
