"""The program file as it is written: its fields, and the findings about those that do not fit.

docs/programs.md explains every field.
"""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from optout.domain import numbers
from optout.domain.data import DataModel
from optout.domain.enums import Intent, NumberType, Party, ProbablePolicy, ScopeKind, Via
from optout.domain.nearest import nearest
from optout.language import rules
from optout.language.rules.data import CountryCode
from optout.programs.findings import Finding, Problem, listed, quoted

# By language, then by the reply's name.
Replies = dict[str, dict[str, str]]

_LANGUAGE = re.compile(r"[a-z]{2}")
_COUNTRY = re.compile(r"[A-Z]{2}")


class _FileTable(DataModel):
    """A table of the file; space around a value does not count."""

    model_config = ConfigDict(str_strip_whitespace=True)


class _Texts(_FileTable):
    stop: str | None = Field(None, min_length=1)
    stop_again: str | None = Field(None, min_length=1)
    start: str | None = Field(None, min_length=1)
    help: str | None = Field(None, min_length=1)
    unknown: str | None = Field(None, min_length=1)

    def given(self) -> dict[str, str]:
        return self.model_dump(exclude_none=True)


class _Replies(_FileTable):
    """Texts in the program's own language, and a table for each other language."""

    languages: dict[str, _Texts] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        tables = {name: item for name, item in value.items() if _LANGUAGE.fullmatch(name)}
        texts = {name: item for name, item in value.items() if name not in tables}
        return {"languages": {"": texts, **tables}}

    def given(self) -> Replies:
        return {language: texts.given() for language, texts in self.languages.items()}


class ProbableEntry(_FileTable):
    """What a probable request does, and one that only the second reader finds; and whether the person
    gets a confirmation if it suppresses."""

    policy: ProbablePolicy = ProbablePolicy.SUPPRESS
    unsure: ProbablePolicy = ProbablePolicy.REVIEW
    answered: bool = False


class _Probable(_FileTable):
    """How the program treats probable requests, and a table for each country that differs."""

    countries: dict[str, ProbableEntry] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        own = {name: item for name, item in value.items() if not _COUNTRY.fullmatch(name)}
        countries = {name: item for name, item in value.items() if name not in own}
        merged = {
            name: own | item if isinstance(item, dict) else item for name, item in countries.items()
        }
        return {"countries": {"": own, **merged}}

    def of(self, country: str | None) -> ProbableEntry:
        """How probable requests to a sender of a country are treated."""
        return self.countries.get(country or "") or self.countries.get("") or ProbableEntry()


class SenderEntry(_FileTable):
    number: str
    type: NumberType
    country: CountryCode | None = None
    via: Via | None = None
    partner: str | None = Field(None, pattern=r"^[A-Za-z0-9]+([ _-][A-Za-z0-9]+)*$", max_length=64)
    managed_by: Literal["service", "platform", "carrier"] | None = None
    answers: Literal["service", "nobody"] | None = None
    trial: bool = False
    verified: bool | None = None
    registered_in: tuple[CountryCode, ...] | None = None
    opt_out_by: str | None = Field(None, min_length=1)
    links: bool | None = None
    replaced_by: tuple[str, ...] | None = None
    replies: _Replies = Field(default_factory=_Replies)

    @property
    def manager(self) -> Party:
        """Who manages opt-out; by default the carrier for a toll-free number, else the service. Of a
        number that is not ACS's own, it is no choice."""
        if self.via:
            return next(iter(rules.managers(self.type, self.place, self.via)), Party.SERVICE)
        if self.managed_by:
            return Party(self.managed_by)
        return Party.CARRIER if self.type is NumberType.TOLL_FREE else Party.SERVICE

    @property
    def place(self) -> str | None:
        """The country: stated, shown by a long code's number, or assumed for the type."""
        assumed = rules.assumed_country(self.type)
        if self.country or self.type is not NumberType.LONG_CODE:
            return self.country or assumed
        return _shown(self.number, assumed)

    @property
    def replacements(self) -> "tuple[SenderEntry, ...]":
        """The numbers in whose place networks show them, as senders of their own."""
        return tuple(
            SenderEntry(
                number=number,
                type=NumberType.LONG_CODE,
                country=_shown(number) or self.country,
                opt_out_by=None,
                partner=None,
                replies=self.replies,
            )
            for number in self.replaced_by or ()
        )


def _shown(number: str, assumed: str | None = None) -> str | None:
    """The country that a phone number shows, None where it shows none. What is assumed counts for one
    with its country code, and for a text that is no number."""
    try:
        spelled = numbers.normalise(number)
    except numbers.NotANumber:
        return assumed
    of_assumed = assumed and numbers.country_code(spelled) == numbers.calling_code(assumed)
    return numbers.describe(spelled)[1] or (assumed if of_assumed else None)


_ListName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class Reaching(_FileTable):
    """How far opt-outs reach: to their list, or to everything, now or from a day on (00:00 UTC)."""

    reach: Literal[ScopeKind.LIST, ScopeKind.EVERYTHING] | None = None
    reach_from: date | None = Field(None, strict=True)


class KeywordOfProgram(_FileTable):
    """A [[program.keyword]]: words that a program adds."""

    words: tuple[str, ...] = Field(min_length=1)
    intent: Literal[Intent.STOP, Intent.START, Intent.HELP]
    list: _ListName | None = None
    reply: str | None = Field(None, min_length=1)


class UnconfiguredEntry(Reaching):
    """The [unconfigured] table: a program for the senders that no program names."""

    name: str = Field("", min_length=1)
    list: _ListName
    replies: _Replies = Field(default_factory=_Replies)
    probable: ProbableEntry = Field(default_factory=ProbableEntry)


class ProgramEntry(Reaching):
    name: str = Field(min_length=1)
    list: _ListName
    formerly: tuple[_ListName, ...] = ()
    replies: _Replies = Field(default_factory=_Replies)
    probable: _Probable = Field(default_factory=_Probable)
    links: bool | None = None
    keyword: tuple[KeywordOfProgram, ...] = ()
    sender: tuple[SenderEntry, ...] = ()

    def replies_of(self, sender: SenderEntry) -> Replies:
        """The replies of a sender: its own texts take precedence over its program's."""
        common, own = self.replies.given(), sender.replies.given()
        return {
            language: common.get(language, {}) | own.get(language, {}) for language in {*common, *own}
        }


class ProgramFile(Reaching):
    links: bool = False
    program: tuple[ProgramEntry, ...] = ()
    unconfigured: UnconfiguredEntry | None = None

    def has_links(self, program: ProgramEntry, sender: SenderEntry) -> bool:
        """Whether each message of a sender has its recipient's link: as the sender, else its program,
        else the file says."""
        said = sender.links if sender.links is not None else program.links
        return self.links if said is None else said

    @property
    def lists(self) -> frozenset[str]:
        """Every list that the file has by the name of today."""
        other = [self.unconfigured.list] if self.unconfigured else []
        return frozenset([*(program.list for program in self.program), *other])

    @property
    def formerly(self) -> dict[str, tuple[str, ...]]:
        """The names that each list had before: what any of the programs that share it says."""
        said: dict[str, dict[str, None]] = {}
        for program in self.program:
            said.setdefault(program.list, {}).update(dict.fromkeys(program.formerly))
        return {name: tuple(names) for name, names in said.items()}


TRIAL = Problem(
    "trial_number",
    "a trial phone number is for voice only and cannot send or receive SMS",
    "Get a number with SMS from Azure Communication Services and enter that.",
)


def no_country(code: str) -> Problem:
    """The problem with a country code that does not exist."""
    meant = next(
        (known.code for known in rules.countries().values() if known.mistaken_code == code), None
    )
    examples = listed(quoted(rules.countries()), "or")
    remedy = f'Write "{meant}".' if meant else f"Write the two letters of ISO 3166, such as {examples}."
    return Problem("country", f'there is no country "{code}"', remedy)


def finding(document: dict[str, Any], error: dict[str, Any]) -> Finding:
    """A finding from pydantic's error: the entry, the problem, and the usual remedy, if any."""
    location = [part for part in error["loc"] if part not in ("languages", "countries", "")]
    where = ".".join(str(part) for part in location if not isinstance(part, int))
    table = f"[[{where}]]"
    problems = {
        "extra_forbidden": ("there is no such field", _meant(location)),
        "missing": ("it is missing", "Add it;"),
        "string_type": ("it is not text", "Write it in quotes;"),
        "string_too_short": ("it is empty", "Write some text, or remove it;"),
        "tuple_type": (
            "it is not a list of tables",
            f"Write it with two brackets: {table}. There may be several, and each begins so;",
        ),
        "model_type": ("it is not a table", "Write it as a table;"),
        "date_type": ("it is not a day", "Write it without quotes, as 2027-01-31;"),
    }
    if location[-1:] == ["type"] and str(error["input"]).lower().startswith("trial"):
        return TRIAL.of(_entry(document, location))
    if error["type"] == "string_pattern_mismatch" and {"country", "registered_in"} & {*location}:
        return no_country(str(error["input"])).of(_entry(document, location))
    if {"registered_in", "formerly", "replaced_by", "words"} & {*location}:
        problems["tuple_type"] = ("it is not a list", f'Write it in brackets, as ["{error["input"]}"];')
    if location[-1:] == ["partner"]:
        problems["string_pattern_mismatch"] = (
            "it is not a partner's name",
            "Write it as ACS takes it in a send request, in letters and digits;",
        )
    if {"list", "formerly"} & {*location}:
        problems["string_pattern_mismatch"] = (
            "it is not a valid list name",
            "Write up to 63 lower-case letters, digits and hyphens;",
        )
    if error["type"] in ("enum", "literal_error"):
        problems[error["type"]] = _no_such_value(error)
    problem, remedy = problems.get(error["type"], (error["msg"], ""))
    return Finding(
        f"{_entry(document, location)}, {where}",
        "field",
        problem,
        f"{remedy} docs/programs.md explains every field.".lstrip(),
    )


def _no_such_value(error: dict[str, Any]) -> tuple[str, str]:
    """The problem with a value that is none of a few, and which of them to write."""
    known = re.findall("'([^']+)'", error["ctx"]["expected"])
    choice = listed(quoted(nearest(str(error["input"]), known) or known), "or")
    return f'there is no "{error["input"]}"', f"Write {choice};"


def _meant(location: list[Any]) -> str:
    """What to do about a field that is not there: it is mistyped, or stands in another table."""
    *outer, field = location
    table = next((str(part) for part in reversed(outer) if part in _TABLES), "")
    fields = set(_TABLES[table].model_fields)
    if meant := nearest(str(field), fields):
        return f"Remove it, or correct its spelling: did you mean {listed(meant, 'or')}?"
    others = [name for name, model in _TABLES.items() if name and field in model.model_fields]
    if others:
        return (
            f"It is a field of {listed((_HEADERS[each] for each in others), 'and of')}: write it "
            "there. What stands below a header in brackets belongs to that table;"
        )
    return f"Remove it, or correct its spelling: there are {listed(sorted(fields))};"


_HEADERS = {
    "program": "[[program]]",
    "sender": "[[program.sender]]",
    "keyword": "[[program.keyword]]",
    "replies": "[program.replies]",
    "probable": "[program.probable]",
    "unconfigured": "[unconfigured]",
}
_TABLES: dict[str, type[DataModel]] = {
    "": ProgramFile,
    "program": ProgramEntry,
    "sender": SenderEntry,
    "keyword": KeywordOfProgram,
    "replies": _Texts,
    "probable": ProbableEntry,
    "unconfigured": UnconfiguredEntry,
}


def _entry(document: dict[str, Any], location: list[Any]) -> str:
    """The entry as findings name it, such as `program "Contoso Alerts", sender 2 (12345)`."""
    name, value, table = "file", document, ""
    for part in location:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            break
        if isinstance(part, int) and isinstance(value, dict):
            if table == "program":
                name = f'program "{value.get("name", part + 1)}"'
            elif table == "keyword":
                name += f", keyword {part + 1}"
            else:
                name += f", sender {part + 1} ({value.get('number', 'no number')})"
        table = part
    return name
