"""Whose an SCP is, by the name and the tags that other tools leave."""

import pytest

from orgroot.core.neighbours import owner_by_name, owner_of


@pytest.mark.parametrize(
    ("name", "tags", "owner"),
    [
        ("AWSAccelerator-Guardrails-1", {}, "Landing Zone Accelerator"),
        ("aws-guardrails-AbCdEf", {}, "Control Tower"),
        ("regions", {"Accelerator": "AWSAccelerator"}, "Landing Zone Accelerator"),
        ("regions", {"managed-by": "terraform"}, "Terraform"),
        ("regions", {"ManagedBy": "Terraform Cloud"}, "Terraform"),
        ("regions", {"managed_by": "AFT"}, "Control Tower"),
        ("regions", {"Terraform": "true"}, "Terraform"),
        ("regions", {"terraform:workspace": "prod"}, "Terraform"),
        ("regions", {"provisioner": "OpenTofu"}, "OpenTofu"),
        ("regions", {"iac": "pulumi"}, "Pulumi"),
        ("regions", {"aws:cloudformation:stack-name": "scps"}, "CloudFormation"),
        ("regions", {"terraform": "false"}, ""),
        ("regions", {"team": "terraform"}, ""),
        ("regions", {"managed-by": "orgroot", "orgroot:managed": "true"}, ""),
        ("my-AWSAccelerator-copy", {}, ""),
    ],
)
def test_tools_are_recognised(name: str, tags: dict[str, str], owner: str) -> None:
    """By their prefix, or a tag that names the tool; a team of that name is no tool."""
    assert owner_of(name, tags) == owner


def test_only_two_tools_own_names() -> None:
    """Tags belong to whoever set them; these prefixes belong to their tools."""
    assert owner_by_name("AWSAccelerator-x") == "Landing Zone Accelerator"
    assert owner_by_name("regions") == ""
