"""A Terraform plan as `terraform show -json` writes it (OpenTofu's is the same), as values.

"JSON Output Format" (Terraform documentation): minor versions add, and are read; another major
version is refused. What orgroot does not look at is not read.
"""

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct, field

from orgroot.errors import UsageError

_HINT = "write it so: terraform plan -out=plan.bin, then terraform show -json plan.bin > plan.json"
_MODULE = re.compile(r'module\.([^.\[]+)(?:\[(?:"((?:[^"\\]|\\.)*)"|([0-9]+))\])?(?:\.|$)')

Index = str | int | None
"""The key of one of several instances: of `for_each`, of `count`, or none."""

ModulePath = tuple[tuple[str, Index], ...]
"""A module instance: names and keys from the root module down; empty: the root module."""


class Change(Struct, frozen=True, kw_only=True):
    """What happens to one resource.

    Attributes:
        actions: `create`, `update`, `delete`, `no-op`, `read`, `forget`, or two of them.
        before: its attributes; None where it does not exist.
        after: its attributes as far as they are known; None where it will not exist.
        after_unknown: which of them are known only after the apply.
    """

    actions: tuple[str, ...]
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    after_unknown: dict[str, Any] | bool = False

    def unknown(self, attribute: str) -> bool:
        """Whether an attribute will be known only after the apply."""
        if isinstance(self.after_unknown, bool):
            return self.after_unknown
        return bool(self.after_unknown.get(attribute))


class ResourceChange(Struct, frozen=True, kw_only=True):
    """One resource of the plan; `index` is its key among its siblings."""

    address: str
    type: str
    name: str
    change: Change
    mode: str = "managed"
    module_address: str = ""
    index: Index = None

    @property
    def module(self) -> ModulePath:
        """The module instance that it stands in."""
        return module_path(self.module_address)

    @property
    def made(self) -> bool:
        """The plan makes it, anew or again."""
        return "create" in self.change.actions

    @property
    def removed(self) -> bool:
        """It goes away; not where Terraform forgets it, or is told to leave it behind."""
        before = self.change.before or {}
        return "delete" in self.change.actions and before.get("skip_destroy") is not True

    def text(self, values: Mapping[str, Any], attribute: str) -> str:
        """An attribute as text; empty where it is null or absent.

        Raises:
            UsageError: code `terraform-plan`: it is no text.
        """
        value = values.get(attribute)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise UsageError(
                f"{self.address}: {attribute} is not a text", hint=_HINT, code="terraform-plan"
            )
        return value


class Expression(Struct, frozen=True, kw_only=True):
    """An expression of the configuration, by what it refers to, or what it is."""

    references: tuple[str, ...] = ()
    constant_value: Any = None


class ConfiguredResource(Struct, frozen=True, kw_only=True):
    """A resource as the configuration has it."""

    type: str
    name: str
    mode: str = "managed"
    expressions: dict[str, Any] = field(default_factory=dict)
    for_each_expression: Expression | None = None


class Output(Struct, frozen=True, kw_only=True):
    """What a module gives to others."""

    expression: Expression = Expression()


class ModuleCall(Struct, frozen=True, kw_only=True):
    """A use of a module: what is handed to it, and what it holds."""

    expressions: dict[str, Any] = field(default_factory=dict)
    for_each_expression: Expression | None = None
    module: "Module" = field(default_factory=lambda: Module())  # noqa: PLW0108 - it is defined below


class Module(Struct, frozen=True, kw_only=True):
    """The configuration of a module."""

    resources: tuple[ConfiguredResource, ...] = ()
    module_calls: dict[str, ModuleCall] = field(default_factory=dict)
    outputs: dict[str, Output] = field(default_factory=dict)


class Configuration(Struct, frozen=True, kw_only=True):
    """The configuration that the plan was made from."""

    root_module: Module = Module()


class StateResource(Struct, frozen=True, kw_only=True):
    """A resource or data source that Terraform has read."""

    type: str
    values: dict[str, Any] = field(default_factory=dict)


class StateModule(Struct, frozen=True, kw_only=True):
    """What Terraform has read in a module and those below it."""

    resources: tuple[StateResource, ...] = ()
    child_modules: tuple["StateModule", ...] = ()


class StateValues(Struct, frozen=True, kw_only=True):
    """What Terraform has read."""

    root_module: StateModule = StateModule()


class PriorState(Struct, frozen=True, kw_only=True):
    """The state that the plan was made against."""

    values: StateValues = StateValues()


class TerraformPlan(Struct, frozen=True, kw_only=True):
    """A plan.

    Attributes:
        format_version: of this JSON.
        resource_changes: every resource, those that stay as they are too.
        configuration: what the plan was made from.
        prior_state: what was read for it.
        planned_values: that it is there tells a plan from a state.
        deferred_changes: what Terraform has put off to a later plan.
        errored: planning broke off, so the plan is not whole.
    """

    format_version: str
    resource_changes: tuple[ResourceChange, ...] = ()
    configuration: Configuration = Configuration()
    prior_state: PriorState = PriorState()
    planned_values: Any = None
    deferred_changes: tuple[Any, ...] = ()
    errored: bool = False

    def managed(self, *types: str) -> Iterator[ResourceChange]:
        """The resources of these types that Terraform manages, by type."""
        for kind in types:
            for each in self.resource_changes:
                if each.type == kind and each.mode == "managed":
                    yield each


def parse_terraform_plan(data: bytes, source: str) -> TerraformPlan:
    """Read a plan; `source` (its file) is named in errors.

    Raises:
        UsageError: code `terraform-plan`: it is none, is one of an unknown version, or broke off.
    """
    try:
        plan = msgspec.json.decode(_text(data), type=TerraformPlan)
    except msgspec.ValidationError as error:
        raise _bad(source, f"not what `terraform show -json` writes: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _bad(source, f"not one JSON document: {error}") from error
    if plan.format_version.partition(".")[0] != "1":
        words = f"format_version {plan.format_version!r} is not known, only 1 is"
        raise _bad(source, words)
    if plan.planned_values is None:
        raise _bad(source, "planned_values is missing: this is a state, not a plan")
    if plan.errored:
        raise _bad(source, "errored is true: planning broke off, so the plan is not whole")
    return plan


def module_path(address: str) -> ModulePath:
    """The module instance of an address such as `module.a["x"].module.b`."""
    return tuple((found[1], _key(found[2], found[3])) for found in _MODULE.finditer(address))


def _key(quoted: str | None, number: str | None) -> Index:
    if quoted is not None:
        return unquoted(quoted)
    return None if number is None else int(number)


def unquoted(key: str) -> str:
    """A key without its escapes."""
    try:
        return str(json.loads(f'"{key}"'))
    except ValueError:
        return key


def _text(data: bytes) -> str:
    """PowerShell writes UTF-16 where a file is redirected to."""
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if wide else "utf-8-sig")


def _bad(source: str, words: str) -> UsageError:
    return UsageError(f"{source}: {words}", hint=_HINT, code="terraform-plan")
