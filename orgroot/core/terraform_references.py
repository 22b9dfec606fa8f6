"""Where a value comes from that a Terraform plan does not know yet, by what its expression names.

The id of a policy that the plan creates is unknown, so whoever attaches it is found through the
configuration: resources, variables and outputs of modules, `count` and `for_each`. What a local
value or a data source hides is said to be hidden.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from orgroot.core.terraform_plan import (
    Expression,
    Index,
    Module,
    ModulePath,
    ResourceChange,
    TerraformPlan,
    unquoted,
)

_PART = re.compile(
    r'(?P<name>[^.\[]+)(?:\[(?:"(?P<key>(?:[^"\\]|\\.)*)"|(?P<number>[0-9]+))\])?(?P<rest>.*)',
    re.DOTALL,
)
_OWN_KEY = frozenset({"each.key", "count.index"})
_KNOWN = frozenset({"path", "self", "terraform", "count"})
_INDEXED = 2
"""The parts of a resource without an attribute, its type and its name, or of a whole module."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where an unknown value may come from.

    Attributes:
        changes: resources of the plan.
        whole: it comes from one of these; else others of the plan may hide behind a local value.
        read: it may be something that a data source will read.
    """

    changes: tuple[ResourceChange, ...]
    whole: bool
    read: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """Where an expression stands: its module instance, its own key, and what `for_each` is.

    `value` is what `each.value` is, as JSON, where the configuration itself says so.
    """

    module: ModulePath
    index: Index
    for_each: tuple[str, ...]
    value: str = "null"


class References:
    """Follows the references of one plan."""

    def __init__(self, plan: TerraformPlan) -> None:
        self._root = plan.configuration.root_module
        self._changes: dict[tuple[ModulePath, str, str], list[ResourceChange]] = {}
        self._instances: dict[tuple[ModulePath, str], set[Index]] = {}
        for change in plan.resource_changes:
            module = change.module
            self._changes.setdefault((module, change.type, change.name), []).append(change)
            for depth, (name, index) in enumerate(module):
                self._instances.setdefault((module[:depth], name), set()).add(index)

    def of(self, change: ResourceChange, attribute: str) -> Origin:
        """Where an attribute of a resource comes from."""
        configured = self._module(change.module)
        found = [
            each
            for each in configured.resources
            if (each.mode, each.type, each.name) == (change.mode, change.type, change.name)
        ]
        if not found:
            return Origin(changes=(), whole=False, read=True)
        scope = _Scope(
            module=change.module,
            index=change.index,
            for_each=_references(found[0].for_each_expression),
            value=_each_value(found[0].for_each_expression, change.index),
        )
        wanted = _expression(found[0].expressions, attribute)
        walk = _Walk(self)
        walk.follow(wanted, scope)
        return Origin(changes=tuple(walk.found.values()), whole=walk.whole, read=walk.read)

    def _module(self, path: ModulePath) -> Module:
        module = self._root
        for name, _ in path:
            call = module.module_calls.get(name)
            module = call.module if call else Module()
        return module

    def resources(
        self, scope: _Scope, kind: str, part: "re.Match[str]", key: Index
    ) -> list[ResourceChange]:
        """The resources of the plan that a reference means; `key`: what it is indexed with."""
        there = self._changes.get((scope.module, kind, part["name"]), [])
        wanted = _index(part)
        if wanted is None:
            wanted = key
        exact = [each for each in there if each.index == wanted]
        return exact if wanted is not None and exact else there

    def inside(
        self, scope: _Scope, part: "re.Match[str]", key: Index
    ) -> Iterator[tuple[_Scope, Module]]:
        """The instances of a module that a reference means, each with its configuration."""
        name = part["name"]
        there = self._instances.get((scope.module, name), set())
        wanted = _index(part)
        if wanted is None and key in there:
            wanted = key
        for index in sorted(there if wanted is None else {wanted}, key=str):
            module = (*scope.module, (name, index))
            yield _Scope(module=module, index=None, for_each=()), self._module(module)

    def above(self, scope: _Scope, variable: str) -> tuple[tuple[str, ...], _Scope] | None:
        """What the variable of a module is given by its caller; None in the root module."""
        if not scope.module:
            return None
        (*outer, (name, index)) = scope.module
        call = self._module(tuple(outer)).module_calls[name]
        around = _Scope(
            module=tuple(outer), index=index, for_each=_references(call.for_each_expression)
        )
        return _expression(call.expressions, variable), around


class _Walk:
    """One walk along references; what was seen is not walked again."""

    def __init__(self, plan: References) -> None:
        self._plan = plan
        self._seen: set[tuple[str, _Scope]] = set()
        self.found: dict[str, ResourceChange] = {}
        self.whole = True
        self.read = False

    def follow(self, references: tuple[str, ...], scope: _Scope, *, keyed: bool = False) -> None:
        """Follow the references of one expression; `keyed`: it is about the scope's own key."""
        listed = [each for each in references if each not in _OWN_KEY]
        keyed = keyed or len(listed) < len(references)
        longest = [
            each
            for each in listed
            if not any(other.startswith((each + ".", each + "[")) for other in listed)
        ]
        # `policy.this[each.value.name].id` is written as `policy.this` and `each.value.name`: what
        # stands beside something without an attribute only says which of its instances it is.
        only_indexes = any(_is_whole(each) for each in longest)
        chosen = {key for key in (_chosen(each, scope.value) for each in longest) if key}
        key = scope.index if keyed else chosen.pop() if len(chosen) == 1 else None
        for each in longest:
            if (each, scope) in self._seen:
                continue
            self._seen.add((each, scope))
            self._one(each, scope, key, aside=only_indexes)

    def _one(self, reference: str, scope: _Scope, key: Index, *, aside: bool) -> None:
        head, _, rest = reference.partition(".")
        part = _PART.fullmatch(rest)
        if head in _KNOWN or part is None or (head == "each" and aside):
            return
        if head in {"var", "module", "each"}:
            for references, inner in self._behind(head, part, scope, key):
                self.follow(references, inner, keyed=head == "each")
        elif head == "local":
            self.whole = self.whole and aside
        elif head == "data":
            self.read = self.read or not aside
        else:
            listed = self._plan.resources(scope, head, part, key)
            self.found.update((each.address, each) for each in listed)

    def _behind(
        self, head: str, part: "re.Match[str]", scope: _Scope, key: Index
    ) -> Iterator[tuple[tuple[str, ...], _Scope]]:
        """The expressions behind a variable, an output of a module, or a value of `for_each`."""
        if head == "var":
            given = self._plan.above(scope, part["name"])
            yield from () if given is None else (given,)
        elif head == "module":
            for inner, module in self._plan.inside(scope, part, key):
                for output in _outputs(module, part["rest"]):
                    yield output.references, inner
        else:
            yield scope.for_each, scope


def _each_value(expression: Expression | None, index: Index) -> str:
    """What `each.value` is, as JSON, where `for_each` is written out."""
    constant = expression.constant_value if expression else None
    value = constant.get(index) if isinstance(constant, Mapping) else None
    return json.dumps(value)


def _chosen(reference: str, value: str) -> str:
    """The text that `each.value…` is; empty: it is none, or nobody knows."""
    head, *attributes = reference.removeprefix("each.").split(".")
    found = json.loads(value) if head == "value" else None
    for attribute in attributes:
        found = found.get(attribute) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else ""


def _is_whole(reference: str) -> bool:
    """A resource or module without an attribute."""
    parts = reference.split(".")
    simple = parts[0] not in {"var", "local", "each", "data", *_KNOWN}
    return len(parts) == _INDEXED and simple and "[" not in reference


def _outputs(module: Module, rest: str) -> Iterator[Expression]:
    """The output that a reference names; all, where an index stands between."""
    name = rest.removeprefix(".").partition(".")[0].partition("[")[0]
    for each, output in module.outputs.items():
        if not name or each == name:
            yield output.expression


def _index(part: "re.Match[str]") -> Index:
    if part["key"] is not None:
        return unquoted(part["key"])
    return None if part["number"] is None else int(part["number"])


def _references(expression: Expression | None) -> tuple[str, ...]:
    return expression.references if expression else ()


def _expression(expressions: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """What an argument refers to; nothing where it is a constant, or no single expression."""
    try:
        return msgspec.convert(expressions.get(name, {}), Expression).references
    except msgspec.ValidationError:
        return ()
