"""What a text asks for, by the rules of the number it was sent to.

Only a whole message that is a documented keyword counts: "weekend" is not END. Nothing here may
know who sent the text, when, or what the recipient's consent is.
"""

from optout import normalise
from optout.domain import Certainty, Intent, Match
from optout.rules import Keyword, Ruleset

# More than any SMS has: what a text says after this changes nothing.
LONGEST = 4000

NO_MATCH = Match(Intent.NONE)


def classify(text: str, rules: Ruleset) -> Match:
    """The intent of a message, how certain it is, and the rule and word that said so."""
    plain = normalise.plain(text[:LONGEST])
    keyword = rules.keyword(plain)
    if keyword is None and "\n" in plain:
        keyword = _above_signature(plain, rules)
    return _match(keyword) if keyword else NO_MATCH


def _above_signature(plain: str, rules: Ruleset) -> Keyword | None:
    """The keyword above a signature block.

    An opt-out word alone on the first line counts whatever stands below it, and one alone on a line
    below another keyword counts instead of that: a missed STOP is worse than a mistaken one.
    """
    lines = [rules.keyword(line) for line in plain.strip().split("\n")]
    if lines[0]:
        for keyword in lines:
            if keyword and keyword.intent.opts_out:
                return keyword
    return rules.keyword(normalise.without_signature(plain))


def _match(keyword: Keyword) -> Match:
    return Match(keyword.intent, Certainty.CERTAIN, keyword.rule, keyword.word, keyword.language)
