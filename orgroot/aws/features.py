"""IAM's five organization features: reading and switching centralized root access."""

from collections.abc import Mapping
from types import MappingProxyType

from orgroot.aws.clients import AwsDoor
from orgroot.aws.patience import Patience
from orgroot.core.root_tasks import Feature
from orgroot.errors import AwsError, AwsErrorKind

_LIST = "ListOrganizationsFeatures"
_ENABLE: Mapping[Feature, str] = MappingProxyType(
    {
        Feature.ROOT_CREDENTIALS_MANAGEMENT: "EnableOrganizationsRootCredentialsManagement",
        Feature.ROOT_SESSIONS: "EnableOrganizationsRootSessions",
    }
)
_DISABLE: Mapping[Feature, str] = MappingProxyType(
    {
        Feature.ROOT_CREDENTIALS_MANAGEMENT: "DisableOrganizationsRootCredentialsManagement",
        Feature.ROOT_SESSIONS: "DisableOrganizationsRootSessions",
    }
)


def enabled_features(door: AwsDoor, patience: Patience) -> frozenset[Feature]:
    """The flags that are on (`iam:ListOrganizationsFeatures`); AWS's order means nothing.

    A flag that orgroot does not know is left out: it opens none of the tasks orgroot runs.

    Raises:
        AwsError: TRUSTED_ACCESS_OFF while AWS hides the flags; OTHER where they are missing.
    """
    answer = patience(lambda: door.call("iam", _LIST))
    names = answer.get("EnabledFeatures")
    if names is None:
        raise AwsError(
            "AWS answered without the list of enabled features",
            kind=AwsErrorKind.OTHER,
            aws_code="",
            operation=f"iam:{_LIST}",
        )
    return frozenset(feature for feature in Feature if feature.value in names)


def enable_feature(door: AwsDoor, patience: Patience, feature: Feature) -> None:
    """`iam:EnableOrganizationsRoot…`: the management account only."""
    patience(lambda: door.call("iam", _ENABLE[feature], changes=True))


def disable_feature(door: AwsDoor, patience: Patience, feature: Feature) -> None:
    """`iam:DisableOrganizationsRoot…`; off already is success, as AWS has it."""
    patience(lambda: door.call("iam", _DISABLE[feature], changes=True))
