# SPDX-License-Identifier: Apache-2.0
"""Checks a result file against its schema, with what of JSON Schema the schema uses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

SCHEMA_FILE = Path(__file__).resolve().parents[4] / "bench" / "tool" / "result.schema.json"
SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}
_NO_RULES = {"$schema", "title", "description", "definitions"}


def _is_a(value: Any, kinds: str | list[str]) -> bool:
    if isinstance(value, bool):
        return "boolean" in kinds
    names = [kinds] if isinstance(kinds, str) else kinds
    return any(isinstance(value, _TYPES.get(name, ())) for name in names)


def _is_kept(rule: str, wanted: Any, value: Any) -> bool:
    """Whether a value keeps a rule that says nothing of what is within."""
    if rule == "type":
        return _is_a(value, wanted)
    if rule == "enum":
        return value in wanted
    if rule == "const":
        return bool(value == wanted)
    if value is None:
        return True  # the rules below are for values of one type
    if rule == "required":
        return set(wanted) <= set(value)
    if rule == "dependencies":
        return all(set(names) <= set(value) for name, names in wanted.items() if name in value)
    if rule == "minimum":
        return bool(value >= wanted)
    if rule == "exclusiveMinimum":
        return bool(value > wanted)
    if rule == "minItems":
        return len(value) >= wanted
    if rule == "pattern":
        return re.search(wanted, value) is not None
    raise NotImplementedError(f"the schema has the rule {rule}")


def _check_members(schema: dict[str, Any], value: dict[str, Any], path: str) -> None:
    known = schema.get("properties", {})
    for name, member in value.items():
        within = known.get(name, schema.get("additionalProperties", {}))
        check(within, member, f"{path}.{name}")


def check(schema: dict[str, Any], value: Any, path: str = "result") -> None:
    """Fails with the path of the first value that breaks a rule."""
    for rule, wanted in schema.items():
        if rule in _NO_RULES or rule in ("properties", "additionalProperties"):
            continue
        if rule == "$ref":
            check(SCHEMA["definitions"][wanted.removeprefix("#/definitions/")], value, path)
        elif rule == "allOf":
            for each in wanted:
                check(each, value, path)
        elif rule == "items":
            for index, item in enumerate(value):
                check(wanted, item, f"{path}[{index}]")
        else:
            assert _is_kept(rule, wanted, value), f"{path} is {value!r}; {rule}: {wanted}"
    if isinstance(value, dict):
        _check_members(schema, value, path)


def check_result(result: Any) -> None:
    """Fails unless it is a valid result, whose rows have names of their own."""
    check(SCHEMA, result)
    names = [(row["name"], row["contender"]) for row in result["rows"]]
    assert len(set(names)) == len(names)
