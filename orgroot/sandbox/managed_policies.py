"""The texts of managed policies, AWS's own from moto's copy, the five root-task ones among them.

Texts only: what they mean is the evaluator's business.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

TASK_POLICY_PREFIX = "arn:aws:iam::aws:policy/root-task/"


@lru_cache(maxsize=1)
def of_aws() -> Mapping[str, Any]:
    """Every managed policy of AWS by name, from moto's copy."""
    found: Mapping[str, Any] = json.loads(aws_managed_policies_data)
    return found


@lru_cache(maxsize=1)
def task_policies() -> Mapping[str, str]:
    """The true text of the five root-task policies, by ARN, from moto's copy of AWS's own."""
    return {
        f"{TASK_POLICY_PREFIX}{name}": json.dumps(data["Document"])
        for name, data in of_aws().items()
        if data["Path"] == "/root-task/"
    }


def documents(holder: Any) -> tuple[str, ...]:
    """The documents of what is attached to, and inline in, a user, group or role of moto's."""
    inline = tuple(
        text if isinstance(text, str) else json.dumps(text) for text in holder.policies.values()
    )
    attached = tuple(default_version(policy) for policy in list(holder.managed_policies.values()))
    return inline + attached


def default_version(policy: Any) -> str:
    """The document of a managed policy's default version."""
    for version in policy.versions:
        if version.version_id == policy.default_version_id:
            text = version.document
            return text if isinstance(text, str) else json.dumps(text)
    return '{"Statement": []}'
