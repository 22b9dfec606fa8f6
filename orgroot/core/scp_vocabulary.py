"""Names in an SCP that do not exist: services, actions, global condition keys.

A name that nobody knows matches nothing, and AWS does not say so. The lists age: what they do not
have is doubtful and never an error.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from orgroot.core.json_places import Path
from orgroot.core.scp_flaws import Flaw, items, statements_in, warning
from orgroot.core.wildcards import matches


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The actions that exist, as far as a list knows.

    Attributes:
        source: whose list it is, for messages.
        services: every service prefix, in lower case.
        actions: by prefix, the names of its actions; a prefix that is missing was not looked up.
        calls: by prefix, operations of its API that are no actions, and the action that each
            needs; empty: several, or nobody said.
    """

    source: str
    services: frozenset[str]
    actions: Mapping[str, frozenset[str]]
    calls: Mapping[str, Mapping[str, str]]


def services_in(document: Any) -> frozenset[str]:
    """The prefixes, in lower case, of services of which a document names single actions."""
    parts = (action.lower().partition(":") for _, action in actions_in(document))
    return frozenset(service for service, _, name in parts if "*" not in service and name != "*")


def actions_in(document: Any) -> Iterator[tuple[Path, str]]:
    """Every action that a document names, with its path."""
    for path, statement in statements_in(document):
        for element in ("Action", "NotAction"):
            for place, action in items((*path, element), statement.get(element, ())):
                if isinstance(action, str) and ":" in action:
                    yield place, action


def unknown_actions(document: Any, vocabulary: Vocabulary) -> Iterator[Flaw]:
    """Services and actions that nobody knows, and wildcards that match nothing."""
    for path, action in actions_in(document):
        service, _, name = action.partition(":")
        if "*" in service:
            continue
        if service.lower() not in vocabulary.services:
            yield _unknown_service(path, service, vocabulary)
            continue
        known = vocabulary.actions.get(service.lower(), frozenset())
        if known and not any(matches(name, each, ignore_case=True) for each in known):
            yield _unknown_action(path, action, known, vocabulary)


def _unknown_service(path: Path, service: str, vocabulary: Vocabulary) -> Flaw:
    return warning(
        "unknown-service",
        path,
        f"{service} is no service prefix that {vocabulary.source} knows",
        _near(service, vocabulary.services) or "check it in the Service Authorization Reference",
    )


def _unknown_action(path: Path, action: str, known: frozenset[str], vocabulary: Vocabulary) -> Flaw:
    service, _, name = action.partition(":")
    calls = {
        call.lower(): needs for call, needs in vocabulary.calls.get(service.lower(), {}).items()
    }
    if name.lower() in calls:
        words = f"{action} is an operation of the API, and no action that policies can name"
        needs = calls[name.lower()]
        remedy = f"write {service}:{needs}" if needs else "look up the action that it needs"
        return warning("not-an-action", path, words, remedy)
    remedy = _near(name, known, f"{service}:") or _TYPING
    if "*" in name or "?" in name:
        words = f"{action} matches no action that {vocabulary.source} knows"
        return warning("action-matches-nothing", path, words, remedy)
    words = f"{action} is no action that {vocabulary.source} knows"
    return warning("unknown-action", path, words, remedy)


_TYPING = "check it in the Service Authorization Reference; a newer action may be right"


def _near(word: str, known: Iterable[str], prefix: str = "") -> str:
    """The nearest known word, as a remedy; empty: none is near."""
    by_lower = {each.lower(): each for each in sorted(known)}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=_ALIKE)
    return f"did you mean {prefix}{by_lower[found[0]]}?" if found else ""


_ALIKE = 0.65


def unknown_keys(document: Any, vocabulary: Vocabulary) -> Iterator[Flaw]:
    """Condition keys of nobody: without a prefix, of no service, or `aws:` and not global."""
    for path, key in keys_in(document):
        name = key.lower()
        if ":" not in name:
            words = f"{key} is no condition key: it has no prefix as aws: or s3:"
            yield warning("unknown-key", path, words, _near(f"aws:{key}", GLOBAL_KEYS) or _KEYS)
        elif name.startswith("aws:") and not _is_global(name):
            words = f"{key} is no global condition key that orgroot knows"
            yield warning("unknown-key", path, words, _near(key, GLOBAL_KEYS) or _KEYS)
        elif not _is_somebodys(name, vocabulary):
            prefix = key.partition(":")[0]
            words = f"{key} is a key of no service that {vocabulary.source} knows"
            near = _near(prefix, (*vocabulary.services, "aws"))
            yield warning("unknown-key", path, words, near or _SERVICE_KEYS)


def _is_somebodys(name: str, vocabulary: Vocabulary) -> bool:
    """Whether a key's prefix is a service's or a provider's, which is the name of a host."""
    prefix = name.partition(":")[0]
    return prefix in vocabulary.services | _OTHER_PREFIXES or "." in prefix


_OTHER_PREFIXES = frozenset(
    {"aws", "catalog", "cognito-identity-auth", "cognito-identity-unauth", "identitycenter", "saml"}
)
"""Prefixes of keys that are none of actions (service authorization reference)."""

_SERVICE_KEYS = "check it in the Service Authorization Reference: keys begin with their service"
_KEYS = "check it in AWS global condition context keys (IAM user guide)"


def keys_in(document: Any) -> Iterator[tuple[Path, str]]:
    """Every condition key with its path."""
    for path, statement in statements_in(document):
        block = statement.get("Condition")
        for operator, keys in block.items() if isinstance(block, dict) else ():
            for key in keys if isinstance(keys, dict) else ():
                yield (*path, "Condition", operator, key), key


def _is_global(name: str) -> bool:
    return name in _KNOWN or name.startswith(_WITH_TAG)


GLOBAL_KEYS = (
    "aws:AssumedRoot",
    "aws:CalledVia",
    "aws:CalledViaAWSMCP",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:ChatbotSourceArn",
    "aws:CurrentTime",
    "aws:Ec2InstanceSourcePrivateIPv4",
    "aws:Ec2InstanceSourceVpc",
    "aws:EpochTime",
    "aws:FederatedProvider",
    "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
    "aws:PrincipalTag/",
    "aws:PrincipalType",
    "aws:RequestTag/",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:ResourceOrgID",
    "aws:ResourceOrgPaths",
    "aws:ResourceTag/",
    "aws:SecureTransport",
    "aws:SignInSessionArn",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceIdentity",
    "aws:SourceIp",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:SourceVpc",
    "aws:SourceVpcArn",
    "aws:SourceVpce",
    "aws:TagKeys",
    "aws:TokenIssueTime",
    "aws:UserAgent",
    "aws:ViaAWSMCPService",
    "aws:ViaAWSService",
    "aws:VpcSourceIp",
    "aws:VpceAccount",
    "aws:VpceOrgID",
    "aws:VpceOrgPaths",
    "aws:referer",
    "aws:userid",
    "aws:username",
)
"""The global condition keys; one that ends with `/` is followed by the key of a tag."""

_KNOWN = frozenset(key.lower() for key in GLOBAL_KEYS if not key.endswith("/"))
_WITH_TAG = tuple(key.lower() for key in GLOBAL_KEYS if key.endswith("/"))
