"""Try to read a bucket's policy as its account's own administrator, as a person locked out would.

    python -m orgroot.sandbox.knock BUCKET ACCOUNT

Speaks plain boto3 to the sandbox of the environment; knows nothing of orgroot. Exit 0: it may,
1: AWS refuses.
"""

import os
import sys

import boto3
from botocore.exceptions import ClientError

from orgroot.core.ids import account_id

_REFUSED = 1


def main() -> int:
    """Assume OrganizationAccountAccessRole in the account and read the policy."""
    bucket, account = sys.argv[1], account_id(sys.argv[2])
    if "AWS_ENDPOINT_URL" not in os.environ:
        sys.stderr.write("no sandbox in the environment: see `orgroot sandbox env`\n")
        return 2
    role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    try:
        answer = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="administrator")
        session = answer["Credentials"]
        s3 = boto3.client(
            "s3",
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
        )
        policy = _policy(s3, bucket)
    except ClientError as error:
        sys.stdout.write(f"refused: {error}\n")
        return _REFUSED
    sys.stdout.write(f"{bucket} is usable; its policy: {policy}\n")
    return 0


def _policy(s3: object, bucket: str) -> str:
    try:
        return str(s3.get_bucket_policy(Bucket=bucket)["Policy"])  # type: ignore[attr-defined]
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucketPolicy":
            return "none"
        raise


if __name__ == "__main__":
    sys.exit(main())
