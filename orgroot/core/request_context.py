"""What is known of a request that was not yet made: condition keys with, without and of no value.

A key nobody can know before the request is made is unknown, which is neither absent nor empty.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from types import MappingProxyType

Value = str | tuple[str, ...] | frozenset[str] | None
"""A key's value; a tuple for a multivalued key; a set: one of these, nobody knows which; None: the
request is known not to have the key."""


class Unknown(Enum):
    """The one thing that is no value and no absence."""

    UNKNOWN = auto()


UNKNOWN = Unknown.UNKNOWN

_PREFIX = re.compile(r"([a-z0-9-]+):")
"""The service of a key; what stands before a colon in other texts is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """The condition keys of a request ("AWS global condition context keys", IAM user guide).

    Attributes:
        values: by key in lower case; a key that is not here is unknown.
        absent: keys that begin so are known to be absent, e.g. `aws:principaltag/`.
        open: keys that begin so may be there nevertheless.
        service: the one that is called, whose own keys the request may have beside the global
            ones (`aws:`) and of no other service; empty: any.
        twins: keys of one value, whatever it is, each by the other.
    """

    values: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    absent: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    service: str = ""
    twins: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def get(self, key: str) -> Value | Unknown:
        """The value of a key; names of keys ignore case. An empty list of values is absence."""
        name = key.lower()
        if name in self.values:
            return self.values[name] or None
        prefix = _PREFIX.match(name)
        foreign = self.service and prefix and prefix[1] not in {"aws", self.service}
        absent = name.startswith(self.absent) and not name.startswith(self.open)
        return None if foreign or absent else UNKNOWN

    def settled(self, values: Mapping[str, Value]) -> "RequestContext":
        """The same with further keys, which win over what was known."""
        merged = {**self.values, **{key.lower(): value for key, value in values.items()}}
        return replace(self, values=MappingProxyType(merged))

    def is_twin(self, key: str, text: str) -> bool:
        """Whether a text is the variable of a key that has the value of this one."""
        twin = self.twins.get(key.lower())
        return twin is not None and text.lower() == f"${{{twin}}}"
