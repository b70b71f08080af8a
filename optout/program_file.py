"""The program file as it is written, and everything that cannot be right about it.

The limits come from the Azure Communication Services SMS FAQ. docs/programs.md explains every field.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from optout import numbers, rules
from optout.domain import ConfigurationError, NumberType, Party, ProbablePolicy

_LANGUAGE = re.compile(r"[a-z]{2}")
_COUNTRY = re.compile(r"[A-Z]{2}")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class _Texts(_Strict):
    stop: str | None = Field(None, min_length=1)
    start: str | None = Field(None, min_length=1)
    help: str | None = Field(None, min_length=1)

    def given(self) -> dict[str, str]:
        return self.model_dump(exclude_none=True)


class _Replies(_Strict):
    """Texts in the program's own language, and a table for each other one."""

    languages: dict[str, _Texts] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        tables = {name: item for name, item in value.items() if _LANGUAGE.fullmatch(name)}
        texts = {name: item for name, item in value.items() if name not in tables}
        return {"languages": {"": texts, **tables}}

    def given(self) -> dict[str, dict[str, str]]:
        return {language: texts.given() for language, texts in self.languages.items()}


class ProbableEntry(_Strict):
    """What a probable request does, and whether a suppression by one is confirmed to the person."""

    policy: ProbablePolicy = ProbablePolicy.SUPPRESS
    answered: bool = False


class _Probable(_Strict):
    """The program's own way with probable requests, and a table for each country that differs."""

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
        """The way with requests to a sender of a country."""
        return self.countries.get(country or "") or self.countries.get("") or ProbableEntry()


class SenderEntry(_Strict):
    number: str
    type: NumberType
    country: str | None = Field(None, pattern=r"^[A-Z]{2}$")
    managed_by: Literal["service", "platform", "carrier"] | None = None
    answers: Literal["service", "nobody"] | None = None
    trial: bool = False
    replies: _Replies = Field(default_factory=_Replies)

    @property
    def manager(self) -> Party:
        """Who manages opt-out: a toll-free number is the carrier's."""
        if self.managed_by:
            return Party(self.managed_by)
        return Party.CARRIER if self.type is NumberType.TOLL_FREE else Party.SERVICE

    @property
    def place(self) -> str | None:
        """The country; toll-free numbers and 10DLC are American unless said otherwise."""
        if self.country is None and self.type in (NumberType.TOLL_FREE, NumberType.LONG_CODE):
            return "US"
        return self.country


class ProgramEntry(_Strict):
    name: str = Field(min_length=1)
    list: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    replies: _Replies = Field(default_factory=_Replies)
    probable: _Probable = Field(default_factory=_Probable)
    sender: tuple[SenderEntry, ...] = ()


class ProgramFile(_Strict):
    program: tuple[ProgramEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one entry of the program file, and what to do about it."""

    entry: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.entry}: {self.problem}. {self.remedy}"


def read(path: Path) -> ProgramFile:
    """A program file that can be right. Raises ConfigurationError with every finding, a line each."""
    try:
        document = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as problem:
        raise ConfigurationError(
            f"{path}: cannot be read ({problem.strerror}). Set OPTOUT_PROGRAMS to your program file."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigurationError(f"{path}: not valid TOML: {problem}") from None
    try:
        file = ProgramFile.model_validate(document)
        found = list(_findings(file))
    except ValidationError as problem:
        found = [_schema_finding(document, dict(error)) for error in problem.errors()]
    if found:
        raise ConfigurationError("\n".join(f"{path}: {finding}" for finding in found))
    return file


def _findings(file: ProgramFile) -> Iterator[Finding]:
    claims: dict[str, list[str]] = defaultdict(list)
    for program in file.program:
        for number, entry in enumerate(program.sender, start=1):
            name = f'program "{program.name}", sender {number} ({entry.number})'
            problems = list(_sender_problems(entry))
            yield from (Finding(name, problem, remedy) for problem, remedy in problems)
            if not problems:
                claims[numbers.sender_id(entry.number)].append(name)
        only_toll_free = {entry.type for entry in program.sender} == {NumberType.TOLL_FREE}
        if only_toll_free and any("start" in texts for texts in program.replies.given().values()):
            yield Finding(f'program "{program.name}", replies', *_carrier_text("start"))
        places = {entry.place for entry in program.sender}
        for country in program.probable.countries:
            if country and country not in places:
                yield Finding(
                    f'program "{program.name}", probable.{country}',
                    f"no sender of this program is in {country}",
                    "Correct the country, or remove the table.",
                )
    for claimants in claims.values():
        for claimant in claimants[1:]:
            yield Finding(
                claimant,
                f"this sender is also claimed by {claimants[0]}",
                "A sender belongs to exactly one program: remove one of the two entries.",
            )


def _sender_problems(entry: SenderEntry) -> Iterator[tuple[str, str]]:
    """What cannot be right about a sender, and the remedy."""
    if entry.trial:
        yield _TRIAL
        return
    if entry.place is not None and not numbers.is_country(entry.place):
        yield _no_country(entry.place)
        return
    problem = _number_problem(entry)
    if problem:
        yield problem
    elif rules.choose(entry.type, entry.place, entry.manager) is None:
        yield _no_rules(entry)
    if entry.type is NumberType.TOLL_FREE:
        given = set().union(*entry.replies.given().values())
        yield from (_carrier_text(name) for name in ("stop", "start") if name in given)
    if entry.answers and entry.manager is Party.PLATFORM:
        yield _PLATFORM_ANSWERS


def _number_problem(entry: SenderEntry) -> tuple[str, str] | None:
    match entry.type:
        case NumberType.SHORT_CODE:
            return _short_code_problem(entry)
        case NumberType.TOLL_FREE:
            return _toll_free_problem(entry)
        case NumberType.LONG_CODE:
            return _long_code_problem(entry)
        case NumberType.ALPHANUMERIC:
            return _alphanumeric_problem(entry)


_TRIAL = (
    "a trial phone number is for voice only and cannot send or receive SMS",
    "Get a number with SMS from Azure Communication Services and enter that.",
)


_PLATFORM_ANSWERS = (
    "answers is set where the platform, ACS, manages opt-out and answers",
    'Remove answers, or write managed_by = "service".',
)


def _no_country(code: str) -> tuple[str, str]:
    remedy = 'Write the two letters of ISO 3166, such as "US", "CA" or "GB".'
    return f'there is no country "{code}"', 'Write country = "GB".' if code == "UK" else remedy


def _carrier_text(name: str) -> tuple[str, str]:
    word = {"stop": "STOP", "start": "START and UNSTOP"}[name]
    return (
        f"a custom {name} reply for a toll-free number: the carrier answers {word}, and its text "
        "cannot be overridden",
        f"Remove replies.{name} here; a stop reply of the program is used for the words that the "
        "carrier does not know.",
    )


def _short_code_problem(entry: SenderEntry) -> tuple[str, str] | None:
    if "+" in entry.number:
        return (
            "a short code has no plus sign and no country code",
            f'Write number = "{entry.number.replace("+", "")}".',
        )
    if not re.fullmatch(r"[0-9]{5,6}", entry.number):
        return (
            "a short code has 5 or 6 digits and nothing else",
            "Copy it from the short codes page of your Azure Communication Services resource.",
        )
    if entry.country is None:
        return "a short code without a country", 'Add country = "US", "CA" or "GB".'
    return None


def _toll_free_problem(entry: SenderEntry) -> tuple[str, str] | None:
    number = _e164(entry)
    if number is None:
        return _NOT_E164
    if not number.startswith("+1") or numbers.describe(number)[0] is not NumberType.TOLL_FREE:
        return (
            "this number has no toll-free prefix of North America",
            'Correct the number, or write type = "long_code" if it is a 10DLC number.',
        )
    return None


def _long_code_problem(entry: SenderEntry) -> tuple[str, str] | None:
    number = _e164(entry)
    if number is None:
        return _NOT_E164
    number_type, country = numbers.describe(number)
    if number_type is NumberType.TOLL_FREE:
        return "this number is toll-free", 'Write type = "toll_free".'
    if not number.startswith("+1") or country not in ("US", None) or entry.place != "US":
        return (
            "a 10DLC number outside the United States: they exist only there",
            "Correct number and country; a long code of another country needs no entry, it is "
            "handled by what its number shows.",
        )
    return None


def _alphanumeric_problem(entry: SenderEntry) -> tuple[str, str] | None:
    if len(entry.number) > 11:
        return (
            f"a sender ID of {len(entry.number)} characters; 11 are allowed",
            "Shorten it to the sender ID that is enabled on your resource.",
        )
    if not re.fullmatch(r"[A-Za-z0-9 ]+", entry.number):
        return (
            "a sender ID with other characters than A-Z, a-z, 0-9 and space",
            "Write the sender ID that is enabled on your resource.",
        )
    if not re.search(r"[A-Za-z]", entry.number):
        return (
            "a sender ID without a letter",
            "Add a letter, or correct the type: digits alone are a short code.",
        )
    return None


_NOT_E164 = (
    "not a phone number in international form",
    'Write it with plus sign and country code, for example number = "+18335550100".',
)


def _e164(entry: SenderEntry) -> str | None:
    try:
        number = numbers.normalise(entry.number)
    except numbers.NotANumber:
        return None
    return number if number.startswith("+") else None


def _no_rules(entry: SenderEntry) -> tuple[str, str]:
    managed_by = entry.manager
    known = ", ".join(rules.countries(entry.type))
    if entry.type is NumberType.TOLL_FREE:
        return (
            f"a toll-free number in {entry.place} managed by {managed_by}",
            "Toll-free numbers are the carrier's, and reach the US, Canada and Puerto Rico: remove "
            'managed_by, and write country = "US", "CA" or "PR".',
        )
    if managed_by is not Party.SERVICE:
        return (
            f"the {managed_by} does not manage opt-out for this sender",
            "Remove managed_by: the platform, ACS, manages opt-out for US short codes only, the "
            "carrier for toll-free numbers only.",
        )
    return (
        f"there are no rules for type {entry.type} in {entry.place}",
        f"Correct the country: there are rules for {known}.",
    )


def _schema_finding(document: dict[str, Any], error: dict[str, Any]) -> Finding:
    """A finding from pydantic's error: which entry, what, and the remedy where there is a usual one."""
    location = [part for part in error["loc"] if part not in ("languages", "countries", "")]
    where = ".".join(str(part) for part in location if not isinstance(part, int))
    problems = {
        "extra_forbidden": ("there is no such field", "Remove it, or correct its spelling;"),
        "missing": ("it is missing", "Add it;"),
        "string_type": ("it is no text", "Write it in quotes;"),
        "string_too_short": ("it is empty", "Write a text, or remove it;"),
        "tuple_type": ("it is not a list of tables", "Write it with two brackets: [[…]];"),
        "model_type": ("it is not a table", "Write it as a table;"),
    }
    if location[-1:] == ["type"] and str(error["input"]).lower().startswith("trial"):
        return Finding(_entry(document, location), *_TRIAL)
    if location[-1:] == ["country"]:
        return Finding(_entry(document, location), *_no_country(str(error["input"])))
    if location[-1:] == ["list"]:
        problems["string_pattern_mismatch"] = (
            "not a list's name",
            "Write up to 63 lower-case letters, digits and hyphens;",
        )
    problem, remedy = problems.get(error["type"], (error["msg"], ""))
    return Finding(
        f"{_entry(document, location)}, {where}",
        problem,
        f"{remedy} docs/programs.md explains every field.".lstrip(),
    )


def _entry(document: dict[str, Any], location: list[Any]) -> str:
    """`program "Contoso Alerts", sender 2 (12345)`, as far as the document has names."""
    name, value = "file", document
    for part in location:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            break
        if isinstance(part, int) and isinstance(value, dict):
            if "sender" in value or "list" in value or "name" in value:
                name = f'program "{value.get("name", part + 1)}"'
            else:
                name += f", sender {part + 1} ({value.get('number', 'no number')})"
    return name
