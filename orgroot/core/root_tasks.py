"""The five AWS root-task policies as data: what each opens, which feature it needs, its limits.

Source: "AWS managed policies for IAM" (root-task policies) and "Perform a privileged task on an AWS
Organizations member account" in the IAM user guide. A sixth task is one more row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

MAX_SESSION_SECONDS = 900
"""A root session lasts at most 15 minutes (STS API reference, AssumeRoot, DurationSeconds)."""


class Feature(StrEnum):
    """The two switches of centralized root access, in IAM's own spelling."""

    ROOT_CREDENTIALS_MANAGEMENT = "RootCredentialsManagement"
    ROOT_SESSIONS = "RootSessions"


class TaskPolicy(StrEnum):
    """The root-task policies that AssumeRoot accepts, in AWS's own spelling."""

    AUDIT = "IAMAuditRootUserCredentials"
    CREATE_PASSWORD = "IAMCreateRootUserPassword"  # noqa: S105 - a policy's name
    DELETE_CREDENTIALS = "IAMDeleteRootUserCredentials"
    UNLOCK_BUCKET = "S3UnlockBucketPolicy"
    UNLOCK_QUEUE = "SQSUnlockQueuePolicy"

    def arn(self, partition: str = "aws") -> str:
        """The ARN that ``sts:AssumeRoot`` takes as TaskPolicyArn."""
        return f"arn:{partition}:iam::aws:policy/root-task/{self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RootTask:
    """One root-task policy.

    Attributes:
        policy: its name.
        feature: the feature flag that opens it.
        actions: the IAM actions it leaves open.
    """

    policy: TaskPolicy
    feature: Feature
    actions: tuple[str, ...]


_READ = (
    "iam:ListAccessKeys",
    "iam:ListSigningCertificates",
    "iam:GetLoginProfile",
    "iam:ListMFADevices",
    "iam:GetUser",
    "iam:GetAccessKeyLastUsed",
)

ROOT_TASKS: Mapping[TaskPolicy, RootTask] = MappingProxyType(
    {
        task.policy: task
        for task in (
            RootTask(
                policy=TaskPolicy.AUDIT,
                feature=Feature.ROOT_CREDENTIALS_MANAGEMENT,
                actions=(*_READ, "iam:GetAccountSummary"),
            ),
            RootTask(
                policy=TaskPolicy.CREATE_PASSWORD,
                feature=Feature.ROOT_CREDENTIALS_MANAGEMENT,
                actions=("iam:CreateLoginProfile", "iam:GetLoginProfile"),
            ),
            RootTask(
                policy=TaskPolicy.DELETE_CREDENTIALS,
                feature=Feature.ROOT_CREDENTIALS_MANAGEMENT,
                actions=(
                    "iam:DeleteAccessKey",
                    "iam:DeleteSigningCertificate",
                    "iam:DeleteLoginProfile",
                    "iam:DeactivateMFADevice",
                    "iam:DeleteVirtualMFADevice",
                    *_READ,
                ),
            ),
            RootTask(
                policy=TaskPolicy.UNLOCK_BUCKET,
                feature=Feature.ROOT_SESSIONS,
                actions=(
                    "s3:DeleteBucketPolicy",
                    "s3:PutBucketPolicy",
                    "s3:GetBucketPolicy",
                    "s3:ListAllMyBuckets",
                ),
            ),
            RootTask(
                policy=TaskPolicy.UNLOCK_QUEUE,
                feature=Feature.ROOT_SESSIONS,
                actions=(
                    "sqs:SetQueueAttributes",
                    "sqs:GetQueueAttributes",
                    "sqs:ListQueues",
                    "sqs:GetQueueUrl",
                ),
            ),
        )
    }
)
