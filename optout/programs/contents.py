"""Whether a reply says what it has to, and nothing that it must not.

Nobody can prove that of a text: phrases in `guidance.toml` stand for what they say, and what they miss
is a warning at most. Only the public URL shorteners are refused, which are a closed list.
"""

import re
from collections.abc import Iterable, Iterator

from optout.domain import numbers
from optout.domain.enums import NumberType
from optout.domain.text import comparison_key, plain_text
from optout.programs import guidance
from optout.programs.findings import Problem
from optout.programs.guidance import Wording
from optout.programs.schema import ProgramEntry, SenderEntry
from optout.programs.texts import Text

_WORD = re.compile(r"[0-9]+|[^\W\d_]+")
_ANY_NUMBER = "1"
# Before a keyword that is told to be texted but not written in capitals.
_TEXTED = r"(?:reply|text|txt|send|or|répondez|textez|envoyez|responda|responde|envíe|envía)"
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w|https?://\S|\b(?:[A-Za-z0-9-]+\.)+[a-z]{2,}\b")
_PHONE = re.compile(r"\(?([0-9]{3})\)?[ .-]?[A-Z]{6,7}\b|([0-9](?:[ ().-]*[0-9]){6,})")
_LANGUAGE_NAMES = {"en": "English", "fr": "French"}
_SHORTENERS = "|".join(map(re.escape, guidance.read().shorteners))
_SHORTENED = re.compile(rf"(?<![\w.@-])(?:www\.)?({_SHORTENERS})(?![\w-]|\.\w)", re.IGNORECASE)


def problems(text: Text) -> Iterator[Problem]:
    """What a reply leaves out or should."""
    yield from shortened(text.body)
    if not _names(text):
        yield Problem(
            "program_not_named",
            f"the {text.name} reply does not name the program",
            f"Begin it with the program's name, as “{text.program}: …”.",
        )
    wording = guidance.wording(text.language)
    if wording:
        yield from _CHECKS[text.name](text, wording)


def shortened(body: str) -> Iterator[Problem]:
    """The public URL shorteners in a text."""
    for host in dict.fromkeys(found[1].lower() for found in _SHORTENED.finditer(body)):
        yield Problem(
            "url_shortener",
            f"{host} is a public URL shortener, which carriers block",
            "Write the address itself, or one of a domain that belongs to your brand.",
        )


def missing_languages(program: ProgramEntry, sender: SenderEntry) -> Iterator[Problem]:
    """In Canada each word is answered in its own language, STOP and HELP always."""
    if sender.place != "CA" or sender.type is NumberType.ALPHANUMERIC:
        return
    replies = program.replies_of(sender)
    named = {name for given in replies.values() for name in given}
    if sender.type is NumberType.SHORT_CODE:
        named |= {"stop", "help"}
    # The program's own texts are English unless only English has a table beside them.
    own = "fr" if "en" in replies and "fr" not in replies else "en"
    for language in ("en", "fr"):
        covered = {*replies.get(language, {}), *(replies.get("", {}) if language == own else {})}
        missing = ", ".join(sorted(named - covered))
        if missing:
            table = "program.replies" if language == own else f"program.replies.{language}"
            yield Problem(
                "canada_languages",
                f"in Canada there must be English and French; {_LANGUAGE_NAMES[language]} is missing "
                f"for {missing}",
                f"Add {missing} to [{table}].",
            )


def _stop(text: Text, wording: Wording) -> Iterator[Problem]:
    if not _says(text.body, wording.final):
        yield Problem(
            "stop_not_final",
            "the stop reply does not say that no more messages will come",
            "Say so, as “You opted out and will not receive any more messages.”",
        )
    said = _without_name(text)
    selling = [phrase for phrase in wording.selling if _says(said, [phrase])]
    if selling:
        yield Problem(
            "stop_sells",
            f"the stop reply sells something, as “{selling[0]}” does",
            "Only confirm: marketing in the confirmation is not covered by the person's consent.",
        )


def _start(text: Text, wording: Wording) -> Iterator[Problem]:
    if not _says(text.body, wording.frequency):
        yield Problem(
            "start_without_frequency",
            "the start reply does not say how often messages come",
            "Say so, as “3 msgs/week” or “Msg frequency varies”.",
        )
    if not _says(text.body, wording.rates):
        yield Problem(
            "start_without_rates",
            "the start reply does not say that message and data rates may apply",
            "Say so, as “Message & Data Rates May Apply”.",
        )
    for rule, words in (
        ("start_without_help", wording.help),
        ("start_without_stop", wording.stop),
    ):
        if not _tells(text.body, words):
            yield Problem(
                rule,
                f"the start reply does not tell about {words[0]}",
                f"Add it, as “Reply {words[0]} …”.",
            )


def _help(text: Text, wording: Wording) -> Iterator[Problem]:
    phones = list(_PHONE.finditer(text.body))
    if not phones and not _ADDRESS.search(text.body):
        yield Problem(
            "help_without_contact",
            "the help reply names no way to reach somebody",
            "Add a phone number, an e-mail address or a web address.",
        )
    if "CA" not in text.short_code_countries:
        return
    missing = []
    if not any(_is_toll_free(*found.groups()) for found in phones):
        missing.append("a toll-free phone number")
    if not _says(text.body, wording.frequency):
        missing.append("how often messages come")
    if missing:
        yield Problem(
            "canada_help",
            f"the help reply of a Canadian short code lacks {' and '.join(missing)}",
            "Add it, as “3 msgs/week. Support 1-800-800-8000.”",
        )


_CHECKS = {"stop": _stop, "start": _start, "help": _help}


def _says(text: str, phrases: Iterable[str]) -> bool:
    said = _spaced(text)
    return any(_spaced(phrase) in said for phrase in phrases)


def _spaced(text: str) -> str:
    return f" {' '.join(_words(text))} "


def _words(text: str) -> list[str]:
    """A text's words without case, accents and punctuation; numbers are all alike."""
    found = _WORD.findall(plain_text(text).casefold())
    return [_ANY_NUMBER if word.isdecimal() else word for word in found]


def _tells(body: str, words: Iterable[str]) -> bool:
    """Whether one of the keywords is told to be texted."""
    keyword = "|".join(map(re.escape, words))
    return bool(re.search(rf"\b(?:{keyword})\b|(?i:\b{_TEXTED}\W+(?:{keyword})\b)", body))


def _names(text: Text) -> bool:
    """Whether the program, or at least whose it is, can be told from the text."""
    if comparison_key(text.program) in comparison_key(text.body):
        return True
    own = {*_words(text.program)} - {_ANY_NUMBER, *guidance.read().generic}
    return not own.isdisjoint(_words(text.body))


def _without_name(text: Text) -> str:
    """The text without the words of the program's name: Contoso Sale Alerts sells nothing by it."""
    named = _words(text.program)
    return " ".join(word for word in _words(text.body) if word not in named)


def _is_toll_free(area: str | None, digits: str | None) -> bool:
    """Whether a phone number of a text is toll-free in North America; a vanity one has an area only."""
    subscriber = re.sub(r"[^0-9]", "", digits or "")[-10:] or f"{area}2345678"
    return numbers.describe(f"+1{subscriber}")[0] is NumberType.TOLL_FREE
