"""An organization to measure on: every member without root credentials, all features on."""

from datetime import UTC, datetime

from orgroot.core.ids import AccountId
from orgroot.sandbox.organization import Organization
from orgroot.sandbox.organization_values import Feature

MANAGEMENT = AccountId("111111111111")
REGION = "eu-west-1"
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)


def clean_organization(members: int) -> Organization:
    """An organization of so many clean member accounts."""
    organization = Organization(
        management_account=MANAGEMENT, name="bench", email="bench@corp.test", created_at=LONG_AGO
    )
    for number in range(members):
        organization.new_account(
            f"n{number}",
            f"n{number}@corp.test",
            joined_at=LONG_AGO,
            account_id=AccountId(f"{222222222222 + number}"),
        )
    organization.service_access["iam.amazonaws.com"] = LONG_AGO
    organization.features.update(Feature)
    return organization
