"""The words that a program adds to those of its senders, and what is wrong with them.

No word of a program may take the place of one that opts out, here or elsewhere, or that a carrier or
ACS acts on. Programs that have a short code of the same digits share their words where nothing shows
which is meant.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from optout.domain.enums import Certainty, Intent, NumberType, Party
from optout.domain.model import Match
from optout.domain.text import comparison_key
from optout.language import rules
from optout.language.classify import classify
from optout.language.rules import Keyword, Ruleset
from optout.programs import texts
from optout.programs.findings import Finding, Problem
from optout.programs.schema import KeywordOfProgram, ProgramEntry, ProgramFile, SenderEntry

_WORD = re.compile(r"[^\W_]+")


def of(
    program: ProgramEntry, formerly: Mapping[str, tuple[str, ...]] = MappingProxyType({})
) -> tuple[Keyword, ...]:
    """The words of a program, as they count for each of its senders. `formerly` are the names that each
    list had before."""
    return tuple(
        Keyword(
            word=word,
            rule=f"program:{word}",
            intent=entry.intent,
            # Answered in the program's own language.
            language=None,
            international=False,
            blocked_by=Party.SERVICE,
            answered_by=Party.NOBODY if _is_unanswered(program, entry) else Party.SERVICE,
            may_be_answered=False,
            reply=entry.reply,
            of_program=True,
            list=_list(program, entry),
            formerly=formerly.get(_list(program, entry) or "", ()),
        )
        for entry in program.keyword
        for word in entry.words
    )


def asks(text: str, words: Iterable[Keyword]) -> bool:
    """Whether a text names a word of a program that starts something."""
    said = f" {_spaced(text)} "
    starting = (each.word for each in words if each.of_program and each.intent is Intent.START)
    return any(f" {_spaced(word)} " in said for word in starting)


def problems(file: ProgramFile) -> Iterator[Finding]:
    """What cannot be right about the words of all programs, and what should be known of them."""
    for program in file.program:
        meanings: dict[str, str] = {}
        for position, entry in enumerate(program.keyword, start=1):
            name = texts.keyword_entry(program, position)
            for word in entry.words:
                claimant = meanings.setdefault(comparison_key(word), name)
                if claimant == name:
                    claimant = _claimant(file, program, entry, word) or name
                if claimant != name:
                    yield Problem(
                        "keyword_twice",
                        f"“{word}” is also a word of {claimant}",
                        "A word has one meaning in a program, and in those that have the same digits: "
                        "remove one of the two.",
                    ).of(name)
                for problem in _of_word(file, program, entry, word):
                    yield problem.of(name)
            for problem in _of_entry(file, program, entry):
                yield problem.of(name)
        yield from _asking_again(program)


def _list(program: ProgramEntry, entry: KeywordOfProgram) -> str | None:
    """The list that a word is about, and nothing else. A stop word of the program's own list is about
    the sender, too, as STOP is."""
    if entry.intent is Intent.START:
        return entry.list or program.list
    return entry.list if entry.intent is Intent.STOP and entry.list != program.list else None


def _is_unanswered(program: ProgramEntry, entry: KeywordOfProgram) -> bool:
    """Whether only the program's own reply is there, which would not be true of another list."""
    return entry.reply is None and _list(program, entry) not in (None, program.list)


def _words(program: ProgramEntry, word: str) -> Iterator[tuple[int, KeywordOfProgram]]:
    """The entries of a program that have a word, by their positions from 1."""
    for position, entry in enumerate(program.keyword, start=1):
        if comparison_key(word) in map(comparison_key, entry.words):
            yield position, entry


def _claimant(
    file: ProgramFile, program: ProgramEntry, entry: KeywordOfProgram, word: str
) -> str | None:
    """The word of an earlier program with a short code of the same digits that means something else:
    where nothing shows which of the two is meant, the words of both count."""
    for other in _with_the_same_digits(file, program):
        is_earlier = file.program.index(other) < file.program.index(program)
        for position, theirs in _words(other, word) if is_earlier else ():
            if _meaning(other, theirs) != _meaning(program, entry):
                return texts.keyword_entry(other, position)
    return None


def _meaning(program: ProgramEntry, entry: KeywordOfProgram) -> tuple[Intent, str | None]:
    """Each program may start its own list by a word; what stops must stop the same."""
    return entry.intent, _list(program, entry) if entry.intent.opts_out else None


def _with_the_same_digits(file: ProgramFile, program: ProgramEntry) -> list[ProgramEntry]:
    """The other programs that have one of its short codes in another country."""
    codes = _short_codes(program)
    return [other for other in file.program if other is not program and codes & _short_codes(other)]


def _short_codes(program: ProgramEntry) -> frozenset[str]:
    short_codes = (each.number for each in program.sender if each.type is NumberType.SHORT_CODE)
    return frozenset(short_codes)


def _of_word(
    file: ProgramFile, program: ProgramEntry, entry: KeywordOfProgram, word: str
) -> Iterator[Problem]:
    if not comparison_key(word):
        yield Problem("field", f"“{word}” has no letter and no digit", "Write a word.")
        return
    for kind in rules.sender_kinds().values():
        for known in kind.keyword:
            if comparison_key(word) not in map(comparison_key, known.words):
                continue
            if known.intent.opts_out:
                yield _documented("keyword_opts_out", word, "opts out", kind.source)
            elif known.answered_by.is_external:
                whom = f"is acted on by the {known.answered_by}"
                yield _documented("keyword_of_others", word, whom, kind.source)
            else:
                continue
            return
    if not entry.intent.opts_out:
        for other in file.program:
            if any(theirs.intent.opts_out for _, theirs in _words(other, word)):
                whom = f"opts out already, of program “{other.name}”"
                yield Problem("keyword_opts_out", f"“{word}” {whom}", "Choose another word.")
                return
    found = _request(program, word)
    if found and found.certainty is Certainty.CERTAIN and not entry.intent.opts_out:
        yield Problem(
            "keyword_opts_out",
            f"“{word}” opts out already, in the language “{found.language}”",
            "Choose another word.",
        )
    elif any(_known(each, word) not in (None, entry.intent) for each in _rulesets(file, program)):
        yield Problem(
            "keyword_known",
            f"“{word}” means something else to a sender of this program",
            "Choose another word: docs/rules.md lists those that each kind of sender has.",
        )
    elif found:
        yield Problem(
            "keyword_reads_as_stop",
            f"“{word}” also reads as a request to stop, and counts as that",
            "Choose a word that nobody takes for it.",
        )


def _documented(rule: str, word: str, what: str, source: str) -> Problem:
    return Problem(rule, f"“{word}” {what} already", "Choose another word.", source)


def _known(ruleset: Ruleset, word: str) -> Intent | None:
    known = ruleset.keyword(word)
    return known.intent if known else None


def _rulesets(file: ProgramFile, program: ProgramEntry) -> list[Ruleset]:
    """The rules of the program's senders, and of those of the same digits, without the words that
    programs add."""
    codes = _short_codes(program)
    alike = (
        each
        for other in _with_the_same_digits(file, program)
        for each in other.sender
        if each.number in codes
    )
    own = (each for sender in program.sender for each in (sender, *sender.replacements))
    found = (_ruleset(each) for each in (*own, *alike))
    return [ruleset for ruleset in found if ruleset]


def _ruleset(sender: SenderEntry) -> Ruleset | None:
    return rules.choose(sender.type, sender.place, sender.manager, sender.via)


def _request(program: ProgramEntry, word: str) -> Match | None:
    """What a word of a program counts as in its place, if it reads as a request to stop."""
    own = {each.word: each for each in of(program)}[word]
    match = classify(word, rules.with_words(Ruleset("", {}), [own]))
    return match if match.rule != own.rule else None


def _of_entry(file: ProgramFile, program: ProgramEntry, entry: KeywordOfProgram) -> Iterator[Problem]:
    if entry.list and entry.list not in file.lists:
        yield Problem(
            "keyword_list",
            f'the file has no list "{entry.list}"',
            "Correct the name, or leave it out for the program's own list.",
        )
    if _is_unanswered(program, entry):
        yield Problem(
            "keyword_unanswered",
            f'it is about the list "{entry.list}", and has no reply of its own: nobody is answered',
            'Add reply = "…" with what is true of that list.',
        )


def _asking_again(program: ProgramEntry) -> Iterator[Finding]:
    for text in texts.of(program):
        if text.name == "stop" and asks(text.body, of(program)):
            replies = (program.replies, *(sender.replies for sender in program.sender))
            if not any("stop_again" in given for each in replies for given in each.given().values()):
                yield Problem(
                    "stop_asks_again",
                    "it asks which messages to keep, and there is no stop_again: whoever was out and "
                    "texts STOP again is not asked again, and not answered either",
                    'Add stop_again = "…", which confirms and asks nothing.',
                ).of(text.entry)
        elif text.name == "stop_again" and asks(text.body, of(program)):
            yield Problem(
                "stop_asks_again",
                "a stop_again that asks which messages to keep is never sent",
                "Only confirm: a STOP to the question allows no further question.",
            ).of(text.entry)


def _spaced(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))
