"""What in a text is not the person's own words: reactions, quotations, forwarded messages.

The telephone writes “Liked “Reply STOP to opt out””; the person has said nothing. Nothing here may
know what a request is.
"""

import re

_OPENING, _CLOSING = "“«„「『‟", "”»“」』‟"
_QUOTED = re.compile(rf"[{_OPENING}]([^{_OPENING}{_CLOSING}]*)(?:[{_CLOSING}]|\Z)" r'|"([^"]*)(?:"|\Z)')
_WORDS = re.compile(r"\w+")
# A word or two in quotes is what somebody says: I said "stop". More is what somebody else said.
_OWN_WORDS = 2

_REPLIED_LINE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
_FORWARDED = re.compile(
    r"^[^\w\n]{0,9}(?:fwd?|forwarded(?: message)?|tr|wg|rv|enc) ?:.*"
    r"|^[^\w\n]{0,9}(?:begin )?(?:forwarded|original) message\b.*"
    r"|^on .{5,80} wrote:.*",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)
# What stands before a part of a long text, or a list's item: 1/2, (1/2), /1/, 1.
_PART = re.compile(r"\A\s*(?:\(?\d{1,2}/\d{1,2}\)?|/\d{1,2}/|\d{1,2}[.)])(?=\s)")
# A swear word that hides: f***ing, s#@t.
_CENSORED = re.compile(r"\b[^\W\d]{1,3}[*#@]{2,9}\w{0,9}")
# What a telephone adds behind a text: Sent with Slam Effect, Sent from my phone.
_ADDED = re.compile(r"\bsent (?:with|from|via) [\w ]{1,30}\W{0,9}\Z", re.IGNORECASE)


def own_words(text: str, reactions: re.Pattern[str]) -> str:
    """A plain text without what it quotes. A quotation leaves a pause."""
    if reactions.match(text):
        return ""
    written = _FORWARDED.sub("", _REPLIED_LINE.sub("", _PART.sub("", text)))
    unquoted = _QUOTED.sub(_own, written)
    if not _WORDS.search(unquoted):
        unquoted = written
    return _CENSORED.sub("damn", _ADDED.sub("", unquoted))


def _own(quotation: re.Match[str]) -> str:
    said = quotation[1] if quotation[1] is not None else quotation[2]
    return f" {said} " if len(_WORDS.findall(said)) <= _OWN_WORDS else " , "
