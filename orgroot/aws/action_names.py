"""The actions of IAM policies, from the service models that botocore carries; no call, no import.

Operations and actions are not the same: what policies name and no API offers, and the other way
round, stands in `iam_actions.txt` beside this module.
"""

import gzip
import importlib.metadata
import importlib.util
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from orgroot.core.scp_vocabulary import Vocabulary

EXTRA = Path(__file__).with_name("iam_actions.txt")
_MODEL = "service-2.json.gz"
_HEAD_BYTES = 4096
_SIGNING = re.compile(rb'"signingName"\s*:\s*"([^"]+)"')
_ENDPOINT = re.compile(rb'"endpointPrefix"\s*:\s*"([^"]+)"')

_PREFIXES = {
    "cloudcontrolapi": "cloudformation",
    "iotdata": "iot",
    "iotsecuredtunneling": "iot",
    "monitoring": "cloudwatch",
    "mturk-requester": "mechanicalturk",
    "partnercentral-account": "partnercentral",
    "partnercentral-benefits": "partnercentral",
    "partnercentral-channel": "partnercentral",
    "partnercentral-marketing": "partnercentral",
    "partnercentral-selling": "partnercentral",
    "tagging": "tag",
}
"""Services whose actions have another prefix than their requests are signed with."""


class BotocoreActions:
    """ports.ActionNames from the files of the installed botocore."""

    def vocabulary(self, services: frozenset[str]) -> Vocabulary:
        """What is known of these services; the others are only named."""
        models, extra = self._models, self._extra
        actions, calls = {}, {}
        for service, offered in self.operations(services & (models.keys() | extra.keys())).items():
            words = extra.get(service, ())
            others = dict(_call_and_action(word) for word in words if word.startswith("-"))
            calls[service] = dict.fromkeys(offered, "") if "*" in others else others
            named = frozenset(word for word in words if not word.startswith("-"))
            actions[service] = (offered - calls[service].keys()) | named
        return Vocabulary(
            source=f"botocore {importlib.metadata.version('botocore')}",
            services=frozenset(models) | frozenset(extra),
            actions=actions,
            calls=calls,
        )

    def operations(self, services: frozenset[str] | None = None) -> dict[str, frozenset[str]]:
        """By prefix, every operation of these services, or of all that have a model."""
        wanted = self._models.keys() if services is None else services
        return {
            service: frozenset(
                name for model in self._models.get(service, ()) for name in _operations(model)
            )
            for service in wanted
        }

    @cached_property
    def _models(self) -> dict[str, list[Path]]:
        """By prefix, the newest model of each service that has it."""
        found: dict[str, list[Path]] = {}
        for model in _newest_models(_data()):
            found.setdefault(_prefix_of(model), []).append(model)
        return found

    @cached_property
    def _extra(self) -> dict[str, tuple[str, ...]]:
        """By prefix, what `iam_actions.txt` says of it."""
        lines = (line.split() for line in EXTRA.read_text("utf-8").splitlines())
        return {words[0]: tuple(words[1:]) for words in lines if words and words[0] != "#"}


def _call_and_action(word: str) -> tuple[str, str]:
    """`-ListObjects=ListBucket`: an operation, and the action it needs."""
    call, _, action = word[1:].partition("=")
    return call, action


def _data() -> Path:
    spec = importlib.util.find_spec("botocore")
    places: Iterable[str] = (spec and spec.submodule_search_locations) or ()
    return Path(next(iter(places))) / "data"


def _newest_models(data: Path) -> Iterator[Path]:
    for service in sorted(data.iterdir()):
        versions = sorted(service.glob(f"*/{_MODEL}"))
        if versions:
            yield versions[-1]


def _prefix_of(model: Path) -> str:
    """The IAM prefix of a service, from the beginning of its model, where its metadata stands."""
    with model.open("rb") as file:
        head = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(file.read(_HEAD_BYTES))
    found = _SIGNING.search(head) or _ENDPOINT.search(head)
    name = found[1].decode().lower() if found else model.parent.parent.name
    return _PREFIXES.get(name, name)


def _operations(model: Path) -> Iterator[str]:
    yield from json.loads(gzip.decompress(model.read_bytes()))["operations"]
