"""What controls of Control Tower attach: an SCP of their own, whose text a plan seldom shows.

AWS publishes the texts of the two controls about the root user ("Strongly recommended preventive
controls", Control Tower). What any other control attaches, if it is a preventive one, is unknown.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from orgroot.core.scp_lockout import Scp
from orgroot.core.scp_statement import parse_statements
from orgroot.core.scp_unknown import unknown_scp
from orgroot.core.terraform_places import made_place
from orgroot.core.terraform_plan import ResourceChange, TerraformPlan
from orgroot.core.terraform_references import References
from orgroot.core.terraform_scps import PlannedAttachment, PlannedPolicy

_CONTROLS = ("aws_controltower_control", "awscc_controltower_enabled_control")
_TELLING = ("control_identifier", "target_identifier", "parameters")

_ROOT_USER = "AWS-GR_RESTRICT_ROOT_USER"
_ACTIONS = {_ROOT_USER: "*", f"{_ROOT_USER}_ACCESS_KEYS": "iam:CreateAccessKey"}
_EXEMPT_SESSIONS, _EXEMPT_PRINCIPALS = "ExemptAssumeRoot", "ExemptedPrincipalArns"


def planned_controls(
    plan: TerraformPlan, references: References
) -> Iterator[tuple[PlannedPolicy, PlannedAttachment]]:
    """The SCP of every control that a plan turns on or changes, and where it will lie.

    A control that is turned off takes an SCP away that only denies, which stops nothing.

    Raises:
        UsageError: an attribute is not what it must be.
    """
    for each in plan.managed(*_CONTROLS):
        before, after = each.change.before or {}, each.change.after
        if after is None or not _differs(each, before, after):
            continue
        known = not each.change.unknown("target_identifier")
        target = each.text(after, "target_identifier").rpartition("/")[2] if known else ""
        policy = PlannedPolicy(
            address=each.address,
            id="",
            before=None,
            after=_scp(each, after),
            changed=True,
            remade=False,
        )
        yield (
            policy,
            PlannedAttachment(
                address=each.address,
                before=None,
                policies=(policy.key,),
                target=target or made_place(each, "target_identifier", references),
            ),
        )


def _differs(change: ResourceChange, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether the plan does something to what a control attaches."""
    if not set(change.change.actions) & {"create", "update"}:
        return False
    return any(
        change.change.unknown(name) or before.get(name) != after.get(name) for name in _TELLING
    )


def _scp(change: ResourceChange, after: Mapping[str, Any]) -> Scp:
    if change.change.unknown("control_identifier"):
        return unknown_scp(change.address, f"the SCP of {change.address}, a control not known yet")
    control = change.text(after, "control_identifier").rpartition("/")[2]
    text = None if change.change.unknown("parameters") else _text(control, after.get("parameters"))
    if text is not None:
        return Scp(name=control, statements=parse_statements(text, control))
    words = f"the SCP of control {control}, whose text is not in this plan"
    return unknown_scp(control, words)


def _text(control: str, parameters: Any) -> str | None:
    """The published text of a control with its parameters; None: nobody can say."""
    given = _parameters(parameters)
    action = _ACTIONS.get(control)
    if action is None or given is None:
        return None
    condition: dict[str, Any] = {"ArnLike": {"aws:PrincipalArn": ["arn:*:iam::*:root"]}}
    for name, value in given.items():
        if name == _EXEMPT_SESSIONS and control == _ROOT_USER and value in (True, "true"):
            condition["Null"] = {"aws:AssumedRoot": "true"}
        elif name == _EXEMPT_PRINCIPALS and isinstance(value, list):
            condition["ArnNotLike"] = {"aws:PrincipalArn": value}
        else:
            return None
    sid = control.removeprefix("AWS-").replace("_", "")
    statement = {"Sid": sid, "Effect": "Deny", "Action": action, "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [{**statement, "Condition": condition}]}
    return json.dumps(document)


def _parameters(listed: Any) -> dict[str, Any] | None:
    """A control's parameters, whose values are JSON; None: they cannot be read."""
    try:
        return {each["key"]: json.loads(each["value"]) for each in listed or ()}
    except (KeyError, TypeError, ValueError):
        return None
