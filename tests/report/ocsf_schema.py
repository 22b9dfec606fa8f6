"""What the published schema of OCSF 1.3.0 says of an event; see the head of the data file."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parents[1] / "data" / "ocsf-1.3.0.json"
SCHEMA: Any = json.loads(_FILE.read_text(encoding="utf-8"))
_PRIMITIVES: Mapping[str, type] = {"Integer": int, "Long": int, "String": str}


def flaws(event: Mapping[str, Any]) -> list[str]:
    """Everything in which an event is not as the schema of its class wants it."""
    classes = SCHEMA["classes"].values()
    about = next((one for one in classes if one["uid"] == event.get("class_uid")), None)
    if about is None:
        return [f"no class {event.get('class_uid')}"]
    profiles = set(event.get("metadata", {}).get("profiles", ()))
    found = [*_flaws(event, about, profiles, "event")]
    if event["category_uid"] != about["category_uid"]:
        found.append(f"category_uid {event['category_uid']}")
    if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
        found.append(f"type_uid {event['type_uid']}")
    return found


def _flaws(
    value: Mapping[str, Any], about: Mapping[str, Any], profiles: set[str], path: str
) -> Iterator[str]:
    attributes = about["attributes"]
    for name, attribute in attributes.items():
        profile = attribute.get("profile")
        if profile is None or profile in profiles:
            if attribute["requirement"] == "required" and name not in value:
                yield f"{path}.{name} is required"
        elif name in value:
            yield f"{path}.{name} is of profile {profile}"
    for name, part in value.items():
        if name not in attributes:
            yield f"{path}.{name} is no attribute"
            continue
        yield from _wrong(part, attributes[name], profiles, f"{path}.{name}")
    constraints = about["constraints"]
    if "at_least_one" in constraints and not set(constraints["at_least_one"]) & set(value):
        yield f"{path} has none of {constraints['at_least_one']}"
    if "just_one" in constraints and len(set(constraints["just_one"]) & set(value)) != 1:
        yield f"{path} has not just one of {constraints['just_one']}"


def _wrong(part: Any, attribute: Mapping[str, Any], profiles: set[str], path: str) -> Iterator[str]:
    if attribute.get("array"):
        if not isinstance(part, list):
            yield f"{path} is no array"
            return
        for one in part:
            yield from _wrong(one, {**attribute, "array": False}, profiles, path)
        return
    kind = attribute["type"]
    if kind in SCHEMA["objects"]:
        yield from _flaws(part, SCHEMA["objects"][kind], profiles, path)
    elif kind in SCHEMA["types"]:
        primitive = _PRIMITIVES.get(SCHEMA["types"][kind], object)
        if not isinstance(part, primitive) or isinstance(part, bool):
            yield f"{path} is no {SCHEMA['types'][kind]}"
        if "enum" in attribute and str(part) not in attribute["enum"]:
            yield f"{path} {part} is not in its enum"
    elif kind != "object":
        yield f"{path} is of type {kind}, which the extract does not know"
