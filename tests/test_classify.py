"""What texts are understood as: documented words in every disguise, and nothing else."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout.domain.enums import Certainty, Intent, NumberType, Party
from optout.domain.model import Match
from optout.language import rules
from optout.language.classify import classify
from optout.language.rules import Keyword, Ruleset, SenderKind

OPT_OUTS = ("STOP", "QUIT", "END", "REVOKE", "OPT OUT", "CANCEL", "UNSUBSCRIBE", "ARRET", "STOP ALL")
OTHERS = ("START", "UNSTOP", "HELP")


def ruleset(row: SenderKind) -> Ruleset:
    """The rules of a sender that a row describes."""
    assert row.number_type is not None
    assert row.managed_by is not None
    country = next(iter(row.countries), None)
    found = rules.choose(row.number_type, country, row.managed_by, row.via)
    assert found is not None
    return found


RULESETS = [ruleset(row) for row in rules.sender_kinds().values() if row.number_type]
KEYWORDS = [(found, keyword) for found in RULESETS for keyword in found.keywords.values()]
US = next(found for found in RULESETS if found.id == "us.short_code.service")
ANYWHERE = rules.unconfigured(NumberType.SHORT_CODE, None)


def certain(keyword: Keyword) -> Match:
    return Match(
        keyword.intent,
        Certainty.CERTAIN,
        keyword.rule,
        keyword.word,
        keyword.language,
        keyword.word,
    )


def intent(text: str) -> Intent:
    return classify(text, US).intent


def mapped(first_capital: int, first_small: int | None = None) -> dict[int, int]:
    """A translation of the letters to a range of Unicode that repeats them."""
    capitals = {ord("A") + number: first_capital + number for number in range(26)}
    small = first_capital if first_small is None else first_small
    return capitals | {ord("a") + number: small + number for number in range(26)}


SMALL_CAPITALS = dict(
    zip(map(ord, "ABCDEFGHIJKLMNOPRSTUVWYZ"), "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", strict=True)
)

# Each makes another text of a word that reads the same.
DISGUISES: dict[str, Callable[[str], str]] = {
    "small": str.lower,
    "title": str.title,
    "mixed": lambda word: "".join(
        letter.lower() if number % 2 else letter for number, letter in enumerate(word)
    ),
    "full width": lambda word: word.translate(mapped(ord("Ａ"), ord("ａ"))),
    "bold": lambda word: word.translate(mapped(ord("𝐀"), ord("𝐚"))),
    "script": lambda word: word.title().translate(mapped(ord("𝓐"), ord("𝓪"))),
    "monospace": lambda word: word.translate(mapped(ord("𝙰"), ord("𝚊"))),
    "circled": lambda word: word.title().translate(mapped(ord("Ⓐ"), ord("ⓐ"))),
    "negative circled": lambda word: word.translate(mapped(ord("🅐"))),
    "squared": lambda word: word.translate(mapped(ord("🄰"))),
    "negative squared": lambda word: word.translate(mapped(ord("🅰"))),
    "parenthesised": lambda word: word.lower().translate(mapped(ord("🄐"), ord("⒜"))),
    "small capitals": lambda word: word.translate(SMALL_CAPITALS),
    "long s": lambda word: word.lower().replace("s", "ſ"),
    "no dot": lambda word: word.lower().replace("i", "ı"),
    "stroked": lambda word: word.replace("O", "Ø"),
    "accents": lambda word: word.translate(str.maketrans("AEIOUCNaeioucn", "ÀÉÎÖÛÇÑàéîöûçñ")),
    "combining accents": lambda word: "".join(letter + "\u0301" for letter in word),
    "struck through": lambda word: "".join(letter + "\u0336" for letter in word),
    "zero width": "\u200b".join,
    "joiners": "\u200d".join,
    "soft hyphens": "\u00ad".join,
    "variation selectors": "\ufe0f".join,
    "byte order mark": lambda word: f"\ufeff{word}",
    "right to left": lambda word: f"\u202e{word}\u202c",
    "fillers": lambda word: f"\u3164{word}\u115f\u2800",
    "tags": lambda word: f"{word}\U000e0041",
    "control characters": lambda word: f"\x00\x1b{word}\x07\x7f\x9f",
    "letter by letter": " ".join,
    "dots": lambda word: ".".join(word) + ".",
    "no-break spaces": lambda word: f"\u00a0{word.replace(' ', chr(0xA0))}\u202f",
    "wide spaces": lambda word: f"\u3000{word.replace(' ', chr(0x2003))}\t",
    "no spaces": lambda word: word.replace(" ", ""),
    "hyphen": lambda word: word.replace(" ", "-"),
    "long dash": lambda word: word.replace(" ", "—"),
    "underscore": lambda word: word.replace(" ", "_"),
    "lines": lambda word: word.replace(" ", "\n"),
    "spaces around": lambda word: f"  {word} \r\n\r\n",
    "full stop": lambda word: f"{word}.",
    "exclamation marks": lambda word: f"¡{word}!!!‼",
    "question mark": lambda word: f"{word}?",
    "ellipsis": lambda word: f"{word}…",
    "straight quotes": lambda word: f'"{word}"',
    "curly quotes": lambda word: f"“{word}”",
    "single quotes": lambda word: f"‘{word}’",
    "French quotes": lambda word: f"« {word} »",
    "German quotes": lambda word: f"„{word}“",
    "Japanese quotes": lambda word: f"「{word}」",
    "brackets": lambda word: f"[({word})]",
    "asterisks": lambda word: f"*{word}*",
    "hash": lambda word: f"#{word}",
    "emoji": lambda word: f"🛑 {word} 🙏🏽👨‍👩‍👧",
    "emoji of letters": lambda word: f"{word} ℹ️ 1️⃣ ™️",
    "flag": lambda word: f"{word} 🇺🇸",
}

SIGNATURES = {
    "phone": "\n\nSent from my iPhone",
    "phone, next line": "\nSent from my Galaxy S21",
    "mail program": "\n\nGet Outlook for Android<https://example.com/ghei36>",
    "French phone": "\n\nEnvoyé de mon iPhone",
    "Portuguese phone": "\n\nEnviado do meu iPhone",
    "Spanish phone": "\r\n\r\nEnviado desde mi iPhone",
    "dashes": "\n--\nJohn Smith",
    "dashes with a space": "\n-- \nJohn Smith, Contoso",
    "underscores": "\n\n________\nThis message is for its recipient only, and so on and so forth.",
    "name": "\n\nJohn",
    "name with a dash": "\n- John",
    "name right behind a dash": "\n—John",
    "closing": "\n\nBest regards,\nJohn Smith",
    "thanks": "\nThanks!",
    "business card": (
        "\n\nJohn A. Smith\nHead of Sales, Contoso Ltd\n"
        "+1 (425) 555-0100\njohn@contoso.com\nwww.contoso.com"
    ),
    "names of several languages": "\n\nAnna van der Berg\nMaria da Silva de Souza\nMerci",
    "other line breaks": "\u2028\u2028John Smith\x0bContoso\x85",
    "emoji": "\n\n🙏🙏",
}

ORDINARY = [
    "",
    " ",
    "\n",
    "\0",
    "🙏",
    "🙏 👨‍👩‍👧",
    "...",
    "7",
    "weekend",
    "friend",
    "send",
    "The End Game",
    "ended",
    "nonstop",
    "stopped",
    "starter",
    "restart",
    "helpful",
    "cancelled",
    "quite",
    "stop by tomorrow",
    "Stop by anytime!",
    "I'll be there",
    "see you at the end of the street",
    "We start at 8",
    "help is on the way",
    "can't stop laughing",
    "opt outdoors",
    "Hi\nJohn",
    "Hello\n\nJohn Smith",
    "\n\nSent from my iPhone",
    "--\nJohn",
    "unstoppable",
    "STOPSTOPSTOPx",
    "ſtone",
]


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
def test_every_disguise(disguise: Callable[[str], str]) -> None:
    """Each word of each row is certain, however it is written."""
    for found, keyword in KEYWORDS:
        assert classify(disguise(keyword.word), found) == certain(keyword), keyword.word


@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=SIGNATURES)
def test_every_signature(signature: str) -> None:
    """Each word of each row is certain above a signature."""
    for found, keyword in KEYWORDS:
        assert classify(keyword.word + signature, found) == certain(keyword), keyword.word


# What may stand between and around letters without changing what a person asked for.
_NOISE = st.text(
    st.characters(categories=("Zs", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Mn", "Cf", "Cc"))
    | st.sampled_from("\n\u2028\u2029🛑🙏🏽❤\ufe0f\u115f\u3164$+=<>|~^`"),
    max_size=4,
)


@settings(deadline=None)
@given(st.sampled_from(KEYWORDS), st.data())
def test_any_noise(case: tuple[Ruleset, Keyword], data: st.DataObject) -> None:
    """Spaces, punctuation, marks, control characters and emoji anywhere change nothing."""
    found, keyword = case
    letters = keyword.word.replace(" ", "")
    cased = (data.draw(st.sampled_from((letter, letter.lower()))) for letter in letters)
    text = data.draw(_NOISE) + "".join(letter + data.draw(_NOISE) for letter in cased)
    assert classify(text, found) == certain(keyword)


@settings(deadline=None)
@given(st.text())
def test_any_text(text: str) -> None:
    """Any text has an answer, and a rule exactly where it has an intent."""
    match = classify(text, ANYWHERE)
    assert (match.intent is Intent.NONE) == (match.rule is None) == (match.certainty is None)


@pytest.mark.parametrize("text", ["OPT OUT", "opt-out", "OPTOUT", "Opt_Out", "opt  out", "opt–out"])
def test_opt_out_is_one_word(text: str) -> None:
    """OPT OUT, opt-out and OPTOUT are the same."""
    assert classify(text, US).keyword == "OPT OUT"


@pytest.mark.parametrize("text", ["STOP ALL", "STOPALL", "stop-all", "Stop\nall", "stop, all!"])
def test_stop_all_is_more_than_stop(text: str) -> None:
    """STOP ALL is not taken for STOP."""
    assert intent(text) is Intent.STOP_ALL


@pytest.mark.parametrize("text", ORDINARY, ids=ascii)
def test_ordinary_messages(text: str) -> None:
    """A message that only contains a word's letters asks for nothing, by any rules."""
    for found in (*RULESETS, ANYWHERE):
        assert classify(text, found) == Match(Intent.NONE)


@pytest.mark.parametrize("word", OPT_OUTS)
@pytest.mark.parametrize(
    "below",
    ["\n\nI'll be there tomorrow", "\nplease, I have asked twice", "\n\nWhy do you write to me?"],
)
def test_an_opt_out_word_alone_on_the_first_line(word: str, below: str) -> None:
    """Whatever stands below, the person said it."""
    assert intent(word + below).opts_out


@pytest.mark.parametrize("word", OTHERS)
@pytest.mark.parametrize(
    "below",
    [
        "\n\nI'll be there tomorrow",
        "\n\nSee you at 5",
        "\n\nNot now",
        "\n\nRUNNING LATE",
        "\n\nTomorrow?",
        "\n\nMaybe.",
        "\n\nJohn And Mary Will Go To The Sale",
        "\n\nWhat is this?",
        "\n\nJohn said we begin at eight.",
        "\n...but not today",
        "\n- but not today",
        "\n\nThanks for yesterday, we talk soon",
        "\nThanks\nwe talk soon",
        "\nnow",
        "\n\n" + "\n".join(["John Smith"] * 20),
    ],
)
def test_other_words_with_a_message_below(word: str, below: str) -> None:
    """Only an explicit word opts a person in: above a sentence it is part of a message."""
    assert intent(word + below) is Intent.NONE


@pytest.mark.parametrize(
    "text",
    [
        "START\nSTOP",
        "STOP\nSTART",
        "Start\n\nStop",
        "HELP\nCANCEL\nJohn",
        "UNSTOP\n\nEnd\n\nSent from my iPhone",
    ],
)
def test_conflicting_words(text: str) -> None:
    """Where keywords contradict each other, the opt-out counts."""
    assert intent(text) is Intent.STOP


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("START", Intent.START),
        ("start.", Intent.START),
        ("UNSTOP", Intent.START),
        ("START please", Intent.START),
        ("start, thank you", Intent.START),
        ("please start", Intent.NONE),
        ("hello start", Intent.NONE),
        ("START please stop", Intent.STOP),
        ("STARTT", Intent.NONE),
        ("SATRT", Intent.NONE),
        ("ST4RT", Intent.NONE),
        ("STARTTTT", Intent.NONE),
        ("unstpo", Intent.NONE),
        ("un stop please", Intent.START),
        ("STARTED", Intent.NONE),
        ("RESTART", Intent.NONE),
        ("START NOW", Intent.NONE),
        ("don't start", Intent.NONE),
        ("start?no", Intent.NONE),
        ("YES", Intent.NONE),
        ("SUBSCRIBE", Intent.NONE),
        ("OPT IN", Intent.NONE),
    ],
)
def test_start_is_exact(text: str, expected: Intent) -> None:
    """Nothing but a documented opt-in word, rightly spelled, opts a person in; thanks may follow."""
    assert intent(text) is expected


@pytest.mark.parametrize(
    ("number_type", "country", "text", "expected"),
    [
        (NumberType.SHORT_CODE, "CA", "AIDE", Intent.HELP),
        (NumberType.SHORT_CODE, "CA", "Info", Intent.HELP),
        (NumberType.SHORT_CODE, "GB", "INFO", Intent.NONE),
        (NumberType.SHORT_CODE, "CA", "UNSTOP", Intent.NONE),
        (NumberType.SHORT_CODE, "GB", "UNSTOP", Intent.NONE),
        (NumberType.SHORT_CODE, "US", "UNSTOP", Intent.START),
        (NumberType.ALPHANUMERIC, "GB", "START", Intent.NONE),
        (NumberType.ALPHANUMERIC, "GB", "STOP", Intent.STOP),
    ],
)
def test_a_word_counts_where_it_is_documented(
    number_type: NumberType, country: str, text: str, expected: Intent
) -> None:
    """Opt-out words count everywhere, opt-in words by type and country."""
    found = rules.choose(number_type, country, Party.SERVICE)
    assert found is not None
    assert classify(text, found).intent is expected
