"""The OpenAPI document, made from the table of operations."""

import inspect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import TypedDictSchema

from optout import __version__
from optout.domain.errors import UnknownSender
from optout.http import exchange
from optout.http.exchange import Body
from optout.http.operation import File, Operation, Page

Json = dict[str, Any]
_REFERENCE = "#/components/schemas/"
_KEY = "functionKey"
_FORM = "application/x-www-form-urlencoded"
# RFC 8058, section 3.1. What is sent, or that nothing is, changes nothing.
_ONE_CLICK = {
    "schema": {"type": "object", "properties": {"List-Unsubscribe": {"type": "string"}}},
    "example": {"List-Unsubscribe": "One-Click"},
}


@dataclass(frozen=True, slots=True)
class _Problem:
    """What a status means, an example of its detail, and the header that it comes with; and an example
    of the error by which a program can tell it, where there is one."""

    name: str
    description: str
    detail: str
    header: str | None = None
    unknown: UnknownSender | None = None


_PROBLEMS = {
    HTTPStatus.BAD_REQUEST: _Problem(
        "BadRequest", "The request is not valid.", "recipient: is missing"
    ),
    HTTPStatus.NOT_FOUND: _Problem(
        "NotFound",
        f"What was asked for does not exist; where the type is {exchange.UNKNOWN_SENDER}, no program "
        "names the sender, and `nearest` may have been meant.",
        "no event with this id is in quarantine",
        unknown=UnknownSender("12354", ["12345"]),
    ),
    HTTPStatus.METHOD_NOT_ALLOWED: _Problem(
        "MethodNotAllowed",
        "This address takes another method; Allow says which.",
        "use POST here",
        "Allow",
    ),
    HTTPStatus.CONFLICT: _Problem(
        "Conflict",
        "It conflicts with the present state; the detail says why.",
        "the consent no longer rests on this message",
    ),
    HTTPStatus.GONE: _Problem(
        "Gone",
        "What the caller goes on from does not exist any more. Begin again.",
        "since: the store was restored from a backup, or is another one. Forget your copy, its "
        "versions included, and begin again without since",
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: _Problem(
        "TooLarge",
        "The body is larger than any request needs.",
        f"the body is larger than {exchange.BODY_LIMIT} bytes; send it in parts",
    ),
    HTTPStatus.UNPROCESSABLE_ENTITY: _Problem(
        "KeyReused",
        "The key stands for another change.",
        "Idempotency-Key: this key stands for another change of this recipient: repeat that one as it "
        "was, or give this one a key of its own",
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: _Problem(
        "Unavailable",
        "The store cannot answer, or a change is recorded and not announced yet. Do not send.",
        "the store cannot answer now. Do not send; ask again later",
        "Retry-After",
    ),
}


class _Schema(GenerateJsonSchema):
    """Leaves out the titles of fields, which would only repeat their names. What is answered may gain
    fields: a client that is generated today must take the answers of tomorrow."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    def typed_dict_schema(self, schema: TypedDictSchema) -> JsonSchemaValue:
        found = super().typed_dict_schema(schema)
        found.pop("additionalProperties", None)
        return found


def document(operations: Sequence[Operation], files: Sequence[File], pages: Sequence[Page]) -> Json:
    """The document of some operations, files and pages, as /api/openapi.json serves it."""
    schemas = _Schemas(operations)
    paths: dict[str, Json] = {}
    for operation in operations:
        methods = paths.setdefault(f"/{operation.route}", {})
        methods[operation.method.lower()] = _operation(operation, schemas)
    for file in files:
        paths[f"/{file.route}"] = {"get": _file(file)}
    for page in pages:
        paths[f"/{page.route}"] = {
            "get": _page(page, "open", page.opened.__doc__),
            "post": {
                **_page(page, "send", page.sent.__doc__),
                "requestBody": {"required": False, "content": {_FORM: _ONE_CLICK}},
            },
        }
    problem = schemas.of(exchange.Problem)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "optout",
            "version": __version__,
            "description": "Text-message opt-outs for Azure Communication Services. JSON in and out; "
            "errors are problem+json whose `detail` says what to change.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                _KEY: {
                    "type": "apiKey",
                    "in": "header",
                    "name": "x-functions-key",
                    "description": "In Azure each function has its own keys, and an operation "
                    "names the roles that have one; the local host asks for none.",
                }
            },
            "responses": {
                each.name: _problem(status, each, problem) for status, each in _PROBLEMS.items()
            },
            "schemas": schemas.definitions,
        },
    }


class _Schemas:
    """The schemas of every shape that the table names, and of those that they refer to."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        shapes = [exchange.Problem, *(each.answer for each in operations)]
        shapes += [each.body for each in operations if each.body]
        found, defined = TypeAdapter.json_schemas(
            [(shape, "validation", TypeAdapter(shape)) for shape in dict.fromkeys(shapes)],
            ref_template=_REFERENCE + "{model}",
            schema_generator=_Schema,
        )
        self._found = {shape: schema for (shape, _), schema in found.items()}
        self.definitions: Json = defined["$defs"]

    def of(self, shape: Any) -> Json:
        """The schema of one shape, nearly always a reference."""
        return self._found[shape]

    def description(self, shape: Any) -> str:
        schema = self.of(shape)
        if "$ref" in schema:
            schema = self.definitions[schema["$ref"].removeprefix(_REFERENCE)]
        return str(schema["description"])


def _operation(operation: Operation, schemas: _Schemas) -> Json:
    content = {"schema": schemas.of(operation.answer), "example": operation.answered}
    possible = [HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.REQUEST_ENTITY_TOO_LARGE]
    possible += [HTTPStatus.SERVICE_UNAVAILABLE, *operation.problems]
    if operation.body or operation.path or operation.query:
        possible.append(HTTPStatus.BAD_REQUEST)
    return {
        **_about(operation),
        **_parameters(operation.path, operation.query, operation.headers),
        **_request_body(operation, schemas),
        "responses": {
            "200": {
                "description": schemas.description(operation.answer),
                "content": {exchange.JSON: content},
            },
            **_problems(possible),
        },
        "security": [{_KEY: [role.value]} for role in operation.roles],
    }


def _file(file: File) -> Json:
    contents = {
        kind: {"schema": {"type": "string"}, "example": example}
        for kind, example in file.contents.items()
    }
    return {
        **_about(file),
        **_parameters(file.path),
        "responses": {
            "200": {"description": "The file.", "content": contents},
            "304": {"description": "The caller's copy is still current."},
            **_problems([*file.problems, HTTPStatus.METHOD_NOT_ALLOWED]),
        },
        "security": [],
    }


def _page(page: Page, verb: str, says: str | None) -> Json:
    contents = {"text/html": {"schema": {"type": "string"}, "example": page.example}}
    described = {
        "200": "The page.",
        "404": "No key has made this link: a page that says whom to call.",
        "429": "The same, for an address from which many such links were tried.",
        "500": "An internal error: a page that says so.",
        "503": "Nothing was recorded: a page that asks to try again.",
    }
    pages = {
        status: {"description": meaning, "content": contents} for status, meaning in described.items()
    }
    return {
        **_described(f"{verb}_{page.name}", says),
        **_parameters(page.path),
        "responses": {**pages, **_problems([HTTPStatus.METHOD_NOT_ALLOWED])},
        "security": [],
    }


def _about(operation: Operation | File) -> Json:
    return _described(operation.name, operation.handler.__doc__)


def _described(name: str, says: str | None) -> Json:
    """Its name, and what its handler's docstring says: the first line, and what stands below."""
    first, *further = name.split("_")
    summary, _, description = inspect.cleandoc(says or "").partition("\n\n")
    return {
        "operationId": first + "".join(word.title() for word in further),
        "summary": summary,
        **({"description": " ".join(description.split())} if description else {}),
    }


def _request_body(operation: Operation, schemas: _Schemas) -> Json:
    if operation.body is None:
        return {}
    examples = {name: {"value": value} for name, value in operation.asked.items()}
    content = {"schema": schemas.of(operation.body), "examples": examples}
    return {"requestBody": {"required": True, "content": {exchange.JSON: content}}}


def _parameters(
    path: type[Body] | None, query: type[Body] | None = None, headers: type[Body] | None = None
) -> Json:
    found = [*_fields(path, "path"), *_fields(query, "query"), *_fields(headers, "header")]
    return {"parameters": found} if found else {}


def _fields(model: type[Body] | None, place: str) -> Iterator[Json]:
    """A model's fields as parameters."""
    if model is None:
        return
    whole = model.model_json_schema(schema_generator=_Schema)
    for name, schema in whole["properties"].items():
        given = _never_null(schema)
        parameter = {"name": name, "in": place, "required": name in whole.get("required", ())}
        if "description" in given:
            parameter["description"] = given.pop("description")
        if "examples" in given:
            parameter["example"] = given.pop("examples")[0]
        yield {**parameter, "schema": given}


def _never_null(schema: Json) -> Json:
    """The schema without null: a parameter that may be null in the model is left out of an address."""
    (possible, *_) = (each for each in schema.get("anyOf", [{}]) if each.get("type") != "null")
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    if rest.get("default", ...) is None:
        del rest["default"]
    return {**possible, **rest}


def _problems(statuses: Iterable[HTTPStatus]) -> Json:
    return {
        str(status.value): {"$ref": f"#/components/responses/{_PROBLEMS[status].name}"}
        for status in sorted(statuses)
    }


def _problem(status: HTTPStatus, problem: _Problem, schema: Json) -> Json:
    examples = {"any": {"value": exchange.problem(status, problem.detail)}}
    if problem.unknown:
        examples["sender"] = {"value": exchange.unknown_sender(problem.unknown)}
    described = {
        "description": problem.description,
        "content": {exchange.PROBLEM: {"schema": schema, "examples": examples}},
    }
    if problem.header is None:
        return described
    return {**described, "headers": {problem.header: {"schema": {"type": "string"}}}}
