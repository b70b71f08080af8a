"""The language files: every entry is sound and does something, and every case comes out as it says."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest

from optout import service, settings
from optout.domain.enums import Intent, NumberType, Party
from optout.domain.model import Match
from optout.domain.text import plain_text
from optout.language import classify as classify_module
from optout.language import rules, wording
from optout.language.classify import classify
from optout.language.grammar import compiled, grammar
from optout.language.languages import Language, RequestEntry, WordEntry, languages, read
from optout.language.lexicon import composed
from optout.language.phrases import sequences

LANGUAGES = list(languages().values())
REQUESTS = [(language, entry) for language in LANGUAGES for entry in language.request]
WORDS = [(language, entry) for language in LANGUAGES for entry in language.word]
US = rules.choose(NumberType.SHORT_CODE, "US", Party.SERVICE) or rules.unconfigured(
    NumberType.SHORT_CODE, None
)
# What a context's patterns may stand for; more makes the start slow.
MOST_SEQUENCES = 15_000


def outcome(match: Match) -> str:
    """What a case says of a match."""
    if match.unsure:
        return "none"
    return str(match.certainty if match.intent.opts_out else match.intent)


def cases(language: Language) -> list[tuple[str, str]]:
    assert language.cases is not None
    return [
        (expected, text) for expected, texts in language.cases.model_dump().items() for text in texts
    ]


def spelled(language: Language, texts: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [each for text in texts for each in sequences(text, language.classes)]


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.language)
def test_cases(language: Language) -> None:
    """Each text of a language is understood as its case says, whatever the rest of the data is."""
    wrong = [
        (text, expected, classify(text, US))
        for expected, text in cases(language)
        if outcome(classify(text, US)) != expected
    ]
    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.language)
def test_a_language(language: Language) -> None:
    """A language has a source, a day that has been, and patterns that are few enough."""
    assert language.cases is not None
    assert language.reviewed <= datetime.now(UTC).date()
    context = language.context
    patterns = (context.courtesy, context.manners, context.frames, context.asking, context.echoes)
    assert sum(len(spelled(language, texts)) for texts in patterns) < MOST_SEQUENCES
    assert all(name.isupper() and texts for name, texts in language.classes.items())


@pytest.mark.parametrize(
    ("language", "entry"), REQUESTS, ids=[f"{each.language}-{entry.name}" for each, entry in REQUESTS]
)
def test_every_request_has_a_case(language: Language, entry: RequestEntry) -> None:
    """A wording that no case shows is a guess."""
    rule = f"{language.language}:{entry.name}"
    assert any(classify(text, US).rule == rule for _, text in cases(language))
    names = [other.name for other in language.request]
    assert names.count(entry.name) == 1


@pytest.mark.parametrize(
    ("language", "entry"), WORDS, ids=[f"{each.language}-{entry.words[0]}" for each, entry in WORDS]
)
def test_every_word(language: Language, entry: WordEntry) -> None:
    """Each word means what its entry says, as a message of its own."""
    for word in entry.words:
        match = classify(word, replace(US, spoken=(language.language,)))
        if entry.intent is Intent.HELP:
            assert match.intent is Intent.HELP
        else:
            assert match.intent.opts_out, word


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.language)
def test_every_class_is_used(language: Language) -> None:
    """A class that no pattern names is a mistake."""
    context = language.context.model_dump()
    texts = [
        *(text for entry in language.request for text in entry.says),
        *(text for texts in language.classes.values() for text in texts),
        *(text for texts in context.values() for text in texts),
    ]
    named = {part for text in texts for name in text.split() for part in name.rstrip("?*").split("|")}
    assert set(language.classes) <= named


def phrases(language: Language) -> Iterator[str]:
    """Every text of a language that is read as words."""
    yield from (text for texts in language.classes.values() for text in texts)
    yield from (text for texts in language.context.model_dump().values() for text in texts)
    yield from (text for word in language.word for text in (*word.words, *word.unless))
    yield from (text for request in language.request for text in (*request.says, *request.unless))


def test_spelling_is_plain() -> None:
    """Small letters and no apostrophes, so that an entry can match at all; accents may be written."""
    for language in LANGUAGES:
        assert [text for text in phrases(language) if "'" in text] == []
        for entry in language.word:
            assert [word for word in entry.words if word != word.lower()] == []
        for text in language.context.blockers:
            assert plain_text(text) == plain_text(text).lower()


def test_the_words_that_count_by_themselves_have_no_typos_that_are_words() -> None:
    """What the data lists as another word is nobody's misspelling."""
    for language in LANGUAGES:
        for word in language.typos.never:
            assert grammar().typos.meant(word) is None, word


NOTHING_KNOWN = compiled(())


@pytest.mark.parametrize("text", ["don't", "I'll", "they're", "get 'em y'all's"])
def test_contractions_are_data(text: str) -> None:
    """What is one word with its apostrophe, the languages say."""
    assert "'" in text
    assert grammar().tokenizer.words(text) != NOTHING_KNOWN.tokenizer.words(text)


@pytest.mark.parametrize(
    "text",
    [
        "Liked “x y”",
        "👍 to “x y”",
        "Fwd: x",
        "TR : x",
        "Begin forwarded message\nx",
        "On 3 March Ann wrote: x",
        "Hello (sent with x)",
    ],
)
def test_what_telephones_write_is_data(text: str) -> None:
    """What shows that words are somebody else's, the languages say."""
    assert "x" not in grammar().quotes.own_words(text)
    assert "x" in NOTHING_KNOWN.quotes.own_words(text)


@pytest.mark.parametrize(
    "signature", ["sent from my phone", "Envoyé de x", "Enviado do x", "\nThanks!", "\nvan der Berg"]
)
def test_signatures_are_data(signature: str) -> None:
    """What a signature has in it, the languages say."""
    text = plain_text(f"START\n{signature}")
    assert grammar().signatures.without(text).strip() == "START"
    assert NOTHING_KNOWN.signatures.without(text) == text


def test_letters_are_data() -> None:
    """Which words of one letter are found in words written together, the languages say."""
    assert grammar().joined.apart("stopwhenicall") == ["stop", "when", "i", "call"]
    assert "j" not in grammar().joined.apart("jstopstopj")
    assert NOTHING_KNOWN.joined.apart("stopwhenicall") == []


INVENTED = """
language = "xx"
source = "Invented for this test"
reviewed = 2026-11-20

[context]
manners = ["blipp"]
verb_endings = ["ung"]

[writing]
contractions = ["zz"]

[quotes]
marks = ["vrt"]

[signatures]
openings = ["gesond mit"]

[[word]]
words = ["stoddel"]
weight = "strong"
topics = true
note = "To stop, invented"

[[request]]
name = "stoddel+grumm"
says = ["nozz grumm"]
certainty = "certain"
note = "Not to write, invented"
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Stoddel!", "certain"),
        ("stoddel blipp", "certain"),
        ("stoddel frumming", "probable"),
        ("stoddel frummung", "none"),
        ("no'zz grumm", "certain"),
        ("VRT: stoddel", "none"),
        ("START\nGesond mit Fon", "start"),
    ],
)
def test_a_language_is_one_file(
    text: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A language that is added as a file is understood, with its own endings and signatures."""
    (tmp_path / "xx.toml").write_text(INVENTED, "utf-8")
    more = compiled([*LANGUAGES, *read(tmp_path).values()])
    for module in (classify_module, wording):
        monkeypatch.setattr(module, "grammar", lambda: more)
    assert outcome(classify(text, US)) == expected


def test_the_preferred_language_comes_first(tmp_path: Path) -> None:
    """One language at most; the others are in the order of their names."""
    for name, preferred in (("aa", "false"), ("xx", "true"), ("bb", "false")):
        text = INVENTED.replace('"xx"', f'"{name}"\npreferred = {preferred}')
        (tmp_path / f"{name}.toml").write_text(text, "utf-8")
    assert list(read(tmp_path)) == ["xx", "aa", "bb"]
    text = (tmp_path / "aa.toml").read_text("utf-8").replace("false", "true")
    (tmp_path / "aa.toml").write_text(text, "utf-8")
    with pytest.raises(ValueError, match="aa and xx"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('language = "xx"', 'language = "yy"'),
        ('contractions = ["zz"]', 'contractions = ["\'zz"]'),
        ('contractions = ["zz"]', 'letters = ["zz"]'),
        ('marks = ["vrt"]', 'attributions = ["wrote"]'),
        ('marks = ["vrt"]', 'attributions = ["on ... wrote ..."]'),
        ('openings = ["gesond mit"]', 'particles = ["van der"]'),
        ('openings = ["gesond mit"]', 'closing = ["blipp"]'),
    ],
)
def test_what_a_file_may_not_say(right: str, wrong: str, tmp_path: Path) -> None:
    """A mistake in a file is found when it is read."""
    assert right in INVENTED
    (tmp_path / "xx.toml").write_text(INVENTED.replace(right, wrong), "utf-8")
    with pytest.raises(ValueError, match=r"xx\.toml|validation error"):
        read(tmp_path)


def test_an_affix_that_is_not_there() -> None:
    """Whoever adds a language is told which one, and in which file."""
    turkish = next(each for each in LANGUAGES if each.language == "tr")
    assert turkish.affixes
    with pytest.raises(ValueError, match=r"tr\.toml: \[affixes\] lacks '\w+'"):
        composed(turkish.model_copy(update={"affixes": {}}))


def test_no_message_waits_for_the_languages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """They are compiled as soon as the service starts, beside it, and once whoever else asks."""
    begun = Event()
    monkeypatch.setattr(service, "grammar", begun.set)
    monkeypatch.setenv("OPTOUT_STORE", f"sqlite:{tmp_path}/optout.db")
    service.current()
    service.shutdown()
    assert begun.wait(timeout=10)
    assert grammar() is grammar()


def test_every_language_is_documented() -> None:
    """docs/rules.md names each one."""
    document = (settings.ROOT / "docs/rules.md").read_text("utf-8")
    assert [each.language for each in LANGUAGES if f"(`{each.language}`)" not in document] == []
