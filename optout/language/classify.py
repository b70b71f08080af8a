"""What a text asks for, by the rules of the number it was sent to.

A whole message that is a documented keyword counts first: "weekend" is not END. Then requests to stop
in people's own words, and HELP and START with nothing but good manners around them. Nothing here may
know who sent the text, when, or what the recipient's consent is.
"""

from dataclasses import replace

from optout.domain.enums import Certainty, Intent
from optout.domain.model import Match
from optout.domain.text import plain_text
from optout.language import tokens, wording
from optout.language.grammar import grammar
from optout.language.reading import FoundRequest
from optout.language.rules import Keyword, Ruleset
from optout.language.second_reader import Core, second_reader
from optout.language.wording import Searched

# Longer than any SMS: what a text says after this changes nothing.
LONGEST = 4000

# The rule of what only the second reader finds.
UNSURE = "second-reader"
# Of a sentence that only the second reader takes for a request, so many letters are kept as its words.
_MOST_SAID = 120
NO_MATCH = Match(Intent.NONE)
# A keyword with good manners around it is no longer than this.
_COURTEOUS_WORDS = 8


def classify(text: str, rules: Ruleset) -> Match:
    """The intent of a message, how certain it is, and the rule and words that said so."""
    plain = plain_text(text[:LONGEST])
    keyword = rules.keyword(plain)
    if keyword is not None:
        return _of_program(keyword, plain, rules) if keyword.of_program else _documented(keyword)
    if "\n" in plain:
        keyword = _above_signature(plain, rules)
        if keyword is not None:
            return _unless_it_goes_on(_documented(keyword), plain)
    return _in_own_words(plain, rules)


def _of_program(keyword: Keyword, plain: str, rules: Ruleset) -> Match:
    """A word that a program adds, alone; unless the text is also a request to stop more than that: the
    program that chose the word may not have thought of it."""
    found = _requested(wording.search(plain, grammar().tokenizer.words(plain), rules.spoken))
    if found is not None and found.intent.opts_out and _outweighs(found, keyword):
        return found
    return _documented(keyword)


def _outweighs(found: Match, keyword: Keyword) -> bool:
    """Whether a request to stop in other words counts before a program's word. Where that stops
    something itself, only what is certain does, and stops more."""
    if keyword.intent is not Intent.STOP:
        return True
    stops_more = found.intent is Intent.STOP_ALL or keyword.list is not None
    return stops_more and found.certainty is Certainty.CERTAIN


def _in_own_words(plain: str, rules: Ruleset) -> Match:
    words = grammar().tokenizer.words(plain)
    searched = wording.search(plain, words, rules.spoken)
    if found := _requested(searched):
        return found
    courteous = _courteous(words, rules) if len(words) <= _COURTEOUS_WORDS else NO_MATCH
    return _weighed(searched) if courteous is NO_MATCH else courteous


def _requested(searched: Searched) -> Match | None:
    """What a text asks for in people's own words, if anything."""
    found = searched.found
    if found is None or found.refused:
        return None
    return Match(found.intent, found.certainty, _rule(found), None, found.language, found.matched)


def _rule(found: FoundRequest) -> str:
    return f"{found.language}:{found.rule}"


def _weighed(searched: Searched) -> Match:
    """What the second reader makes of a text in which the rules find nothing or refuse all."""
    reader, found = second_reader(), searched.found
    core = Core(_rule(found), found.start, found.end) if found else None
    weighed = reader.read(searched.words, core)
    if weighed.score < reader.least:
        return NO_MATCH
    shown = reader.shown(weighed)
    if found and weighed.core and weighed.score >= reader.with_core:
        rule = f"{_rule(found)}+weighed"
        match = Match(found.intent, Certainty.PROBABLE, rule, None, found.language, found.matched)
        return replace(match, weighed=shown)
    if weighed.score < reader.without:
        return NO_MATCH
    said = " ".join(weighed.sentence)[:_MOST_SAID]
    return Match(Intent.STOP, Certainty.PROBABLE, UNSURE, None, None, said, shown, unsure=True)


def _above_signature(plain: str, rules: Ruleset) -> Keyword | None:
    """The keyword above a signature block.

    An opt-out word alone on the first line counts whatever stands below it, and one alone on a line
    below another keyword counts instead of that: a missed STOP is worse than a mistaken one. One that
    is about a list comes after those that are about the sender. A word of a program that stops nothing
    counts only as the whole message.
    """
    lines = [rules.keyword(line) for line in plain.strip().split("\n")]
    if lines[0]:
        stops = [keyword for keyword in lines if keyword and keyword.intent.opts_out]
        for keyword in sorted(stops, key=lambda each: each.list is not None):
            return keyword
    found = rules.keyword(grammar().signatures.without(plain))
    return None if found and found.of_program and not found.intent.opts_out else found


def _unless_it_goes_on(match: Match, plain: str) -> Match:
    """Only probable if the next line continues it into something else: END, of story."""
    if match.intent.opts_out and wording.goes_on(plain):
        return replace(match, certainty=Certainty.PROBABLE)
    return match


def _courteous(words: list[str], rules: Ruleset) -> Match:
    """HELP with good manners around it, START with good manners behind it.

    A carrier and ACS do not take START PLEASE for START, so where they answer only the word counts.
    """
    start = _past_manners(words, 0)
    ends = [end for end in range(start + 1, len(words) + 1) if _past_manners(words, end) == len(words)]
    said = " ".join(words[start : ends[0]]) if ends else ""
    if language := grammar().help_words.get(said):
        answers = any(keyword.intent is Intent.HELP for keyword in rules.keywords.values())
        found = Match(Intent.HELP, Certainty.CERTAIN, f"{language}:help", None, language, said)
        return found if answers else NO_MATCH
    keyword = rules.keyword(said)
    if keyword is None or keyword.of_program:
        return NO_MATCH
    match = replace(_documented(keyword), keyword=None, rule=f"{keyword.rule}+courtesy")
    if keyword.intent is Intent.HELP:
        return match
    if keyword.intent is Intent.START and not start and not rules.is_managed_elsewhere:
        return match
    return NO_MATCH


def _past_manners(words: list[str], start: int) -> int:
    """Where something other than please, thanks and breaks follows."""
    manners = grammar().manners
    while start < len(words):
        end = start + 1 if tokens.is_break(words[start]) else manners.longest(words, start)
        if end == start:
            break
        start = end
    return start


def _documented(keyword: Keyword) -> Match:
    return Match(
        keyword.intent,
        Certainty.CERTAIN,
        keyword.rule,
        keyword.word,
        keyword.language,
        keyword.word,
    )
