"""Who calls, and the organization features of IAM: the IdentityGateway."""

from orgroot.aws import features
from orgroot.aws.clients import AwsDoor
from orgroot.aws.patience import Patience
from orgroot.core.ids import account_id
from orgroot.core.organization import Caller
from orgroot.core.root_tasks import Feature
from orgroot.errors import AwsError, AwsErrorKind


class AwsIdentity:
    """STS and IAM with the operator's credentials; see `ports.IdentityGateway`."""

    def __init__(self, door: AwsDoor, patience: Patience | None = None) -> None:
        self._door = door
        self._patience = patience or Patience()

    def caller(self) -> Caller:
        """`sts:GetCallerIdentity`."""
        found = self._door.call("sts", "GetCallerIdentity")
        return Caller(
            account=account_id(found["Account"]), arn=found["Arn"], user_id=found["UserId"]
        )

    def role_arn(self, name: str) -> str | None:
        """`iam:GetRole` of a role of the caller's account; None where that is not allowed."""
        try:
            found = self._door.call("iam", "GetRole", {"RoleName": name})
        except AwsError as error:
            if error.kind is AwsErrorKind.DENIED:
                return None
            raise
        return str(found["Role"]["Arn"])

    def features(self) -> frozenset[Feature]:
        """`iam:ListOrganizationsFeatures`; AwsError TRUSTED_ACCESS_OFF while AWS hides them."""
        return features.enabled_features(self._door, self._patience)

    def enable_feature(self, feature: Feature) -> None:
        """`iam:EnableOrganizationsRoot…`."""
        features.enable_feature(self._door, self._patience, feature)

    def disable_feature(self, feature: Feature) -> None:
        """`iam:DisableOrganizationsRoot…`."""
        features.disable_feature(self._door, self._patience, feature)
