"""Cells that a spreadsheet opens: a text must not become a formula.

A cell that begins with one of these gets an apostrophe before it, as OWASP advises, and so does one
that begins with an apostrophe: taking one away always gives the text again. Full-width signs count in
spreadsheets of East Asia. A number in E.164 form
stays as it is: to a spreadsheet it is a number, and every other system wants it so.
"""

import re

_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20\t\r\n'")
_PLAIN_NUMBER = re.compile(r"\+[0-9]{1,15}")


def guarded(text: str) -> str:
    """A text as a cell."""
    if text.startswith(_FORMULA) and not _PLAIN_NUMBER.fullmatch(text):
        return "'" + text
    return text


def unguarded(cell: str) -> str:
    """The text of a cell."""
    return cell.removeprefix("'")
