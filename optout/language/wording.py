"""Requests to stop in people's own words.

What makes a request of a verb is what it acts on, to its right, and who is told, to its left: "stop
texting me" against "stop by" and "he won't stop texting me". The wording is the languages' data.
Nothing here may know a language, or who sent the text.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from optout.language.grammar import grammar
from optout.language.languages import WordEntry
from optout.language.reading import FoundRequest, Reading
from optout.language.tokens import LINE, is_break


@dataclass(frozen=True, slots=True)
class Searched:
    """A text that was searched: the person's own words, and the request that was found in them, if any;
    maybe a refused one."""

    words: Sequence[str]
    found: FoundRequest | None


def search(plain: str, words: Sequence[str], spoken: Collection[str]) -> Searched:
    """The request in a plain text, given its words and the languages of the sender's country. Where
    there are several, the surest counts."""
    searched = _search(plain, words, spoken)
    if searched.found is None and words and all(map(is_break, words[1:])):
        apart = grammar().joined.apart(words[0])
        found = _search(" ".join(apart), apart, spoken).found if apart else None
        if found and not found.refused:
            return Searched(words, replace(found, sure=False))
    return searched


def goes_on(plain: str) -> bool:
    """Whether the second line turns the word on the first into something else: END, of story."""
    words = grammar().tokenizer.words(plain.strip())
    return any(
        end is not None and words[end : end + 1] == [LINE] and bool(wording.unless.ends(words, end + 1))
        for wording in grammar().candidates(words)
        if isinstance(wording.entry, WordEntry)
        for end in (wording.pattern.end(words, 0),)
    )


def _search(plain: str, words: Sequence[str], spoken: Collection[str]) -> Searched:
    compiled = grammar()
    if not compiled.candidates(compiled.typos.corrected(plain, words).words):
        return Searched(words, None)
    own = compiled.quotes.own_words(plain)
    text = compiled.tokenizer.tokens(own)
    spelled = compiled.typos.corrected(own, text.words)
    wordings = compiled.candidates(spelled.words)
    found = Reading(text, spelled, compiled, spoken).found(wordings)
    matched = found and replace(found, matched=text.between(found.start, found.end))
    return Searched(spelled.words, matched)
