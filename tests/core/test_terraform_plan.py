"""Terraform plans as texts: what is read, what is refused, and where unknown values come from."""

import codecs
import json
from typing import Any

import pytest

from orgroot.core.terraform_plan import module_path, parse_terraform_plan
from orgroot.core.terraform_references import References
from orgroot.errors import UsageError
from tests.core import terraform_plans as tf

POLICY = "aws_organizations_policy"
ATTACHMENT = f"{tf.ATTACHMENT}.x"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_plan_is_read_in_every_encoding_that_shells_write(encoding: str) -> None:
    """UTF-8, with a mark or without, and the UTF-16 of PowerShell are one plan."""
    data = tf.plan(tf.change(f"{POLICY}.é", tf.CREATE, after={})).decode().encode(encoding)
    plan = parse_terraform_plan(data, "plan.json")
    assert [each.address for each in plan.resource_changes] == [f"{POLICY}.é"]


def altered(**parts: Any) -> bytes:
    """A plan with other parts; None takes one away."""
    document = {**json.loads(tf.plan()), **parts}
    return json.dumps({k: v for k, v in document.items() if v is not None}).encode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not one JSON document"),
        (b'{"format_version"', "not one JSON document"),
        (b'{"format_version":"1.2"}\n{"@level":"info"}\n', "not one JSON document"),
        (codecs.BOM_UTF16_LE + b"x", "not one JSON document"),
        (b"\xff\x00", "not one JSON document"),
        (b'{"format_version":"1.2","planned_values":' + b"[" * 100_000, "not one JSON document"),
        (b"[]", "Expected `object`"),
        (altered(format_version=None), "format_version"),
        (altered(format_version="2.0"), "format_version '2.0' is not known"),
        (altered(format_version="0.2"), "format_version '0.2' is not known"),
        (altered(planned_values=None), "planned_values is missing"),
        (altered(errored=True), "errored is true"),
        (altered(resource_changes=[{"address": 1}]), r"\$.resource_changes\[0\]"),
        (altered(resource_changes=[{"address": "a", "type": "t"}]), r"\$.resource_changes\[0\]"),
        (altered(configuration={"root_module": {"resources": {}}}), r"root_module.resources"),
    ],
)
def test_what_is_no_plan_is_refused_by_file_and_field(data: bytes, said: str) -> None:
    """The message names the file and what is wrong with it, and the hint how to make one."""
    with pytest.raises(UsageError, match=said) as refused:
        parse_terraform_plan(data, "plan.json")
    assert refused.value.message.startswith("plan.json: ")
    assert "terraform show -json" in (refused.value.hint or "")


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("", ()),
        ("module.a", (("a", None),)),
        ("module.a[1].module.b", (("a", 1), ("b", None))),
        (r'module.a["x.y[0]\"z"].module.b["é"]', (("a", 'x.y[0]"z'), ("b", "é"))),
        (r'module.a["\q"]', (("a", r"\q"),)),
    ],
)
def test_addresses_of_modules_are_read_with_their_keys(address: str, path: Any) -> None:
    """Keys may hold dots, brackets and quotes."""
    assert module_path(address) == path


MADE = tuple(f'{POLICY}.this["{key}"]' for key in ("a", "b"))


def origin(
    references: tuple[str, ...],
    *,
    at: str = ATTACHMENT,
    made: tuple[str, ...] = MADE,
    for_each: tuple[str, ...] = (),
    root: Any = None,
) -> tuple[set[str], bool, bool]:
    """Where the policy of one attachment comes from: addresses, whether whole, whether read."""
    changes = [tf.change(each, tf.CREATE, after={}) for each in (*made, at)]
    content = root or tf.module(
        tf.configured(f"{tf.ATTACHMENT}.x", {"policy_id": references}, for_each)
    )
    plan = parse_terraform_plan(tf.plan(*changes, root=content), "plan.json")
    change = next(each for each in plan.resource_changes if each.address == at)
    found = References(plan).of(change, "policy_id")
    return {each.address for each in found.changes}, found.whole, found.read


@pytest.mark.parametrize(
    ("references", "at", "for_each", "expected"),
    [
        ((f'{POLICY}.this["a"].id', f'{POLICY}.this["a"]', f"{POLICY}.this"), "", (), MADE[:1]),
        ((f'{POLICY}.this["c"].id',), "", (), MADE),
        ((f"{POLICY}.this",), "", (), MADE),
        ((f"{POLICY}.this", "each.key"), '["b"]', (), MADE[1:]),
        ((f"{POLICY}.this", "each.key"), '["z"]', (), MADE),
        ((f"{POLICY}.this", "each.value.name", "each.value"), '["a/1"]', ("local.p",), MADE),
        (("each.value.id", "each.value"), '["a"]', (f"{POLICY}.this",), MADE[:1]),
        ((f"{POLICY}.this", "count.index", "path.module"), "[0]", (), MADE),
        (("aws_organizations_policy.none.id",), "", (), ()),
        (("var.id",), "", (), ()),
        (("odd",), "", (), ()),
    ],
)
def test_references_lead_to_the_resources_of_the_plan(
    references: tuple[str, ...], at: str, for_each: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    """A literal key, the attachment's own key and `each.value` choose one; else all are meant."""
    found = origin(references, at=ATTACHMENT + at, for_each=for_each)
    assert found == (set(expected), True, False)


@pytest.mark.parametrize(
    ("references", "whole", "read"),
    [
        (("local.ids", "each.key"), False, False),
        ((f'{POLICY}.this["a"].id', "local.ids"), False, False),
        ((f"{POLICY}.this", "local.ids"), True, False),
        (("data.aws_organizations_policy.p.id",), True, True),
        ((f"{POLICY}.this", "data.external.p.result"), True, False),
    ],
)
def test_what_hides_behind_locals_and_data_is_said(
    references: tuple[str, ...],
    whole: bool,  # noqa: FBT001 - a table
    read: bool,  # noqa: FBT001 - a table
) -> None:
    """A local value may be any policy of the plan, a data source anything; an index is neither."""
    assert origin(references, at=f'{ATTACHMENT}["a"]')[1:] == (whole, read)


def test_modules_are_followed_in_and_out() -> None:
    """From a module's variable to its caller, into another module's output, by the caller's key."""
    inner = tf.module(
        tf.configured(f"{POLICY}.this", {}), outputs={"id": [f"{POLICY}.this.id", f"{POLICY}.this"]}
    )
    attaching = tf.module(tf.configured(f"{tf.ATTACHMENT}.x", {"policy_id": ["var.policy_id"]}))
    made = tuple(f'module.p["{key}"].{POLICY}.this' for key in ("a", "b"))

    def found(references: tuple[str, ...], at: str = 'module.m["b"]') -> Any:
        root = tf.module(
            calls={
                "p": tf.call(inner, {}, ["local.names"]),
                "m": tf.call(attaching, {"policy_id": references}, ["local.names"]),
            }
        )
        return origin((), at=f"{at}.{ATTACHMENT}", made=made, root=root)

    assert found(("module.p", "each.key")) == ({made[1]}, True, False)
    assert found(('module.p["a"].id', 'module.p["a"]', "module.p")) == ({made[0]}, True, False)
    assert found(("module.p",)) == (set(made), True, False)
    assert found(("module.p", "each.value.policy")) == (set(made), True, False)
    assert found(("module.p", "each.key"), at='module.m["z"]') == (set(made), True, False)
    assert found(('module.p["a"].other',)) == (set(), True, False)
    assert found(("module.none.id",)) == (set(), True, False)


def test_what_is_not_in_the_configuration_may_be_anything() -> None:
    """A resource, a module or an argument that the plan does not explain leads nowhere."""
    assert origin((), root=tf.module()) == (set(), False, True)
    deep = tf.module(calls={"m": tf.call(tf.module(), {})})
    at = f"module.other.{ATTACHMENT}"
    assert origin((), at=at, root=deep) == (set(), False, True)
    block = tf.configured(f"{tf.ATTACHMENT}.x", {})
    block["expressions"] = {"policy_id": [{"references": 1}]}
    assert origin((), root=tf.module(block)) == (set(), True, False)


def test_a_plan_that_refers_to_itself_ends() -> None:
    """References in a circle, which Terraform would not take, are walked once."""
    inner = tf.module(
        tf.configured(f"{tf.ATTACHMENT}.x", {"policy_id": ["var.id"]}), outputs={"id": ["var.id"]}
    )
    root = tf.module(calls={"m": tf.call(inner, {"id": ["module.m.id"]})})
    assert origin((), at=f"module.m.{ATTACHMENT}", root=root) == (set(), True, False)
