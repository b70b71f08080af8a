"""Checks whether a reply says what it must, and nothing that it must not.

Nobody can prove that of a text: it is searched for the phrases in `guidance.toml`, and one that is
missing is a warning at most. Only the public URL shorteners, a closed list, are refused.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from optout.domain import numbers
from optout.domain.text import comparison_key, plain_text
from optout.language import rules
from optout.programs import guidance, senders
from optout.programs.findings import Problem, listed
from optout.programs.guidance import Wording
from optout.programs.schema import ProgramEntry, Replies, SenderEntry
from optout.programs.texts import ReplyText

_WORD = re.compile(r"[0-9]+|[^\W\d_]+")
_ANY_NUMBER = "1"
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w|https?://\S|\b(?:[A-Za-z0-9-]+\.)+[a-z]{2,}\b")
_LINK = re.compile(r"https?://\S|(?<![\w.@+-])(?:[A-Za-z0-9-]+\.)+[a-z]{2,}\b(?!@)")
_FORBIDDEN = {"link": "a link", "phone_number": "a phone number"}
_PHONE = re.compile(r"\(?([0-9]{3})\)?[ .-]?[A-Z]{6,7}\b|([0-9](?:[ ().-]*[0-9]){6,})")
# Words before a keyword that people are told to text but that is not in capitals.
_TEXTED = [word for wording in guidance.read().wording.values() for word in wording.texted]
_SHORTENERS = "|".join(map(re.escape, guidance.read().shorteners))
_SHORTENED = re.compile(rf"(?<![\w.@-])(?:www\.)?({_SHORTENERS})(?![\w-]|\.\w)", re.IGNORECASE)


def problems(text: ReplyText) -> Iterator[Problem]:
    """What a reply should say and does not, or says and should not."""
    yield from shortened(text.body)
    if not _names(text):
        yield Problem(
            "program_not_named",
            f"the {text.name} reply does not name the program",
            f"Begin it with the program's name, for example “{text.program}: …”.",
        )
    for sender in {sender.place: sender for sender in text.senders}.values():
        yield from _forbidden(text.body, f"the {text.name} reply", sender)
    wording = guidance.wording(text.language)
    if wording and text.name in _CHECKS:
        yield from _CHECKS[text.name](text, wording)


def shortened(body: str) -> Iterator[Problem]:
    """The public URL shorteners in a text."""
    for host in dict.fromkeys(found[1].lower() for found in _SHORTENED.finditer(body)):
        yield Problem(
            "url_shortener",
            f"{host} is a public URL shortener, which carriers block",
            "Write the address itself, or one of a domain that belongs to your brand.",
        )


def forbidden_way_out(sender: SenderEntry, *, has_links: bool) -> Iterator[Problem]:
    """What the messages of a sender would have to say, and may not in its country."""
    yield from _forbidden(sender.opt_out_by or "", "opt_out_by", sender)
    country = rules.country(sender.place)
    if has_links and country and country.forbidden and "link" in country.forbidden.contents:
        yield Problem(
            "links_forbidden",
            f"links = true: in {country.name} a message with a link is blocked",
            "Write links = false for this sender, and how its recipients opt out as opt_out_by.",
            country.forbidden.source,
        )


def _forbidden(body: str, what: str, sender: SenderEntry) -> Iterator[Problem]:
    """What no SMS may contain in the country of a sender."""
    found = rules.country(sender.place)
    if found is None or found.forbidden is None:
        return
    contained = {"link": _LINK.search(body), "phone_number": _PHONE.search(body)}
    named = [_FORBIDDEN[name] for name in found.forbidden.contents if contained[name]]
    if named:
        yield Problem(
            "forbidden_contents",
            f"{what} has {listed(named)}: in {found.name} a message with that is blocked",
            "Say it another way, for example by an e-mail address or the name of a place.",
            found.forbidden.source,
        )


def missing_languages(program: ProgramEntry, sender: SenderEntry) -> Iterator[Problem]:
    """What is missing where carriers ask for replies in more than one language."""
    demands = rules.reply_demands(sender.place, sender.type)
    if demands is None or not demands.languages:
        return
    replies = program.replies_of(sender)
    named = {*demands.required, *(name for given in replies.values() for name in given)}
    own = _language_of_own_texts(replies, demands.languages)
    for language in demands.languages:
        covered = {*replies.get(language, {}), *(replies.get("", {}) if language == own else {})}
        missing = ", ".join(sorted(named - covered))
        if missing:
            table = "program.replies" if language == own else f"program.replies.{language}"
            yield Problem(
                "reply_languages",
                f"replies in {rules.country_name(sender.place)} must be in "
                f"{listed(map(guidance.language_name, demands.languages))}; "
                f"{guidance.language_name(language)} is missing for {missing}",
                f"Add {missing} to [{table}].",
                demands.source,
            )


def _language_of_own_texts(replies: Replies, languages: Sequence[str]) -> str:
    """The language of the texts without a table: the first that has no table of its own."""
    return next((language for language in languages if language not in replies), languages[0])


def _stop(text: ReplyText, wording: Wording) -> Iterator[Problem]:
    if not _says(text.body, wording.final):
        yield Problem(
            "stop_not_final",
            f"the {text.name} reply does not say that no more messages will come",
            "Say so: “You opted out and will not receive any more messages.”",
        )
    said = _without_name(text)
    selling = [phrase for phrase in wording.selling if _says(said, [phrase])]
    if selling:
        yield Problem(
            "stop_sells",
            f"the {text.name} reply contains marketing: “{selling[0]}”",
            "Only confirm the opt-out: the person's consent does not cover marketing there.",
        )


def _start(text: ReplyText, wording: Wording) -> Iterator[Problem]:
    if not _says(text.body, wording.frequency):
        yield Problem(
            "start_without_frequency",
            "the start reply does not say how often messages come",
            "Say so: “3 msgs/week” or “Msg frequency varies”.",
        )
    if not _says(text.body, wording.rates):
        yield Problem(
            "start_without_rates",
            "the start reply does not say that message and data rates may apply",
            "Say so: “Message & Data Rates May Apply”.",
        )
    for rule, words in (
        ("start_without_help", wording.help),
        ("start_without_stop", wording.stop),
    ):
        if not _tells(text.body, words):
            yield Problem(
                rule,
                f"the start reply does not mention {words[0]}",
                f"Add it: “Reply {words[0]} …”.",
            )


def _help(text: ReplyText, wording: Wording) -> Iterator[Problem]:
    if not _PHONE.search(text.body) and not _ADDRESS.search(text.body):
        yield Problem(
            "help_without_contact",
            "the help reply does not say how to reach somebody",
            "Add a phone number, an e-mail address or a web address.",
        )
    for sender, demands in text.demands:
        missing = [
            _HELP_SAYS[name]
            for name in demands.help_says
            if not _helps(name, text.body, wording, sender.place)
        ]
        if missing:
            yield Problem(
                "help_incomplete",
                f"the help reply of {senders.described(sender)} lacks {listed(missing)}",
                "Add it, for example “3 msgs/week. Support 1-800-800-8000.”",
                demands.source,
            )


_HELP_SAYS = {"toll_free_number": "a toll-free phone number", "frequency": "how often messages come"}


def _helps(name: str, body: str, wording: Wording, country: str | None) -> bool:
    """Whether a help reply says one of the things that carriers ask for."""
    if name == "frequency":
        return _says(body, wording.frequency)
    return any(_is_toll_free(phone, country) for phone in _PHONE.finditer(body))


_CHECKS = {"stop": _stop, "stop_again": _stop, "start": _start, "help": _help}


def _says(text: str, phrases: Iterable[str]) -> bool:
    said = _spaced(text)
    return any(_spaced(phrase) in said for phrase in phrases)


def _spaced(text: str) -> str:
    return f" {' '.join(_words(text))} "


def _words(text: str) -> list[str]:
    """A text's words without case, accents and punctuation; all numbers count as the same."""
    found = _WORD.findall(plain_text(text).casefold())
    return [_ANY_NUMBER if word.isdecimal() else word for word in found]


def says_all(text: ReplyText) -> bool:
    """Whether a text says, in a language that is known, that it is about more than one program."""
    wording = guidance.wording(text.language)
    return wording is None or _says(text.body, wording.all)


def _tells(body: str, words: Iterable[str]) -> bool:
    """Whether a text tells people to text one of the keywords."""
    keyword = "|".join(map(re.escape, words))
    texted = "|".join(map(re.escape, _TEXTED))
    return bool(re.search(rf"\b(?:{keyword})\b|(?i:\b(?:{texted})\W+(?:{keyword})\b)", body))


def _names(text: ReplyText) -> bool:
    """Whether the text names the program, or at least whose program it is."""
    if comparison_key(text.program) in comparison_key(text.body):
        return True
    own = {*_words(text.program)} - {_ANY_NUMBER, *guidance.read().generic}
    return not own.isdisjoint(_words(text.body))


def _without_name(text: ReplyText) -> str:
    """The text without the words of the program's name: “Contoso Sale Alerts” is not marketing."""
    named = _words(text.program)
    return " ".join(word for word in _words(text.body) if word not in named)


def _is_toll_free(phone: re.Match[str], country: str | None) -> bool:
    """Whether a phone number is toll-free in a country; a vanity one is judged by its area code."""
    area, digits = phone.groups()
    written = re.sub(r"[^0-9]", "", digits or "") or f"{area}2345678"
    # Other digits may stand right before it, as in 24/7.
    tails = (written[start:] for start in range(len(written) - 6))
    return country is not None and any(numbers.is_toll_free(tail, country) for tail in tails)
