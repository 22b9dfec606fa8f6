"""How AWS Organizations says no: code with the suffix, text, and Reason where it gives one.

Texts are those seen in public issue threads where there are any, else the API reference's.
"""

from orgroot.sandbox.model import ApiError

_TEXTS = {
    "AccessDenied": "You don't have permissions to access this resource.",
    "AccountAlreadyClosed": "The provided account is already closed.",
    "AccountAlreadyRegistered": (
        "The provided account is already a delegated administrator for your organization."
    ),
    "AccountNotFound": "You specified an account that doesn't exist.",
    "AccountNotRegistered": (
        "The provided account is not a registered delegated administrator for your organization."
    ),
    "AWSOrganizationsNotInUse": "Your account is not a member of an organization.",
    "ChildNotFound": "You specified a child that doesn't exist.",
    "CreateAccountStatusNotFound": "You specified a create account request that doesn't exist.",
    "DestinationParentNotFound": "You specified a destination parent that doesn't exist.",
    "DuplicateAccount": "The account is already present in the specified destination.",
    "DuplicateOrganizationalUnit": "An OU with the same name already exists.",
    "DuplicatePolicy": "A policy with the same name already exists.",
    "DuplicatePolicyAttachment": (
        "The selected policy is already attached to the specified target."
    ),
    "EffectivePolicyNotFound": "There is no effective policy of this type for the target.",
    "MalformedPolicyDocument": (
        "The provided policy document does not meet the requirements of the specified policy type."
    ),
    "OrganizationalUnitNotFound": "You specified an organizational unit that doesn't exist.",
    "ParentNotFound": "You specified a parent that doesn't exist.",
    "PolicyChangesInProgress": "Changes to the policy type are in progress. Try again later.",
    "PolicyInUse": "The policy is attached to one or more entities.",
    "PolicyNotAttached": "The policy isn't attached to the specified target.",
    "PolicyNotFound": "We can't find a policy with the PolicyId that you specified.",
    "PolicyTypeAlreadyEnabled": "The specified policy type is already enabled.",
    "PolicyTypeNotAvailableForOrganization": (
        "The specified policy type is not available for your organization."
    ),
    "PolicyTypeNotEnabled": ("This operation can be performed only for enabled policy types."),
    "ResourcePolicyNotFound": "No resource-based delegation policy exists.",
    "RootNotFound": "You specified a root that doesn't exist.",
    "SourceParentNotFound": "You specified a source parent that doesn't exist.",
    "TargetNotFound": "You specified a target that doesn't exist.",
}

_CONSTRAINTS = {
    "ACCOUNT_NUMBER_LIMIT_EXCEEDED": ("You have exceeded the allowed number of AWS accounts."),
    "CANNOT_CLOSE_MANAGEMENT_ACCOUNT": "You cannot close the management account.",
    "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR": (
        "You cannot register the management account as a delegated administrator."
    ),
    "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR": (
        "You cannot register a suspended account as a delegated administrator."
    ),
    "CLOSE_ACCOUNT_QUOTA_EXCEEDED": ("You have exceeded close account quota for the past 30 days."),
    "CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED": (
        "You have exceeded the number of accounts that you can close at a time."
    ),
    "DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE": (
        "You have delegated administrators registered for this service."
    ),
    "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED": (
        "You have exceeded the allowed number of delegated administrators for the service."
    ),
    "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED": (
        "You have attached the maximum number of policies to the specified target."
    ),
    "MAX_TAG_LIMIT_EXCEEDED": "You have exceeded the number of tags allowed on this resource.",
    "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED": (
        "You cannot remove the last policy attached to the specified target. "
        "You must have at least one attached at all times."
    ),
    "OU_DEPTH_LIMIT_EXCEEDED": "You have exceeded the depth limit of the OU tree.",
    "OU_NUMBER_LIMIT_EXCEEDED": "You have exceeded the allowed number of OUs.",
    "POLICY_CONTENT_LIMIT_EXCEEDED": "You have exceeded the maximum policy size.",
    "POLICY_NUMBER_LIMIT_EXCEEDED": "You have exceeded the allowed number of policies.",
    "SERVICE_ACCESS_NOT_ENABLED": (
        "You must enable service access for the service before you register a delegated "
        "administrator."
    ),
}

_INVALID = {
    "DUPLICATE_TAG_KEY": "Tag keys must be unique among the tags attached to the same entity.",
    "IMMUTABLE_POLICY": "You specified a policy that is managed by AWS and can't be modified.",
    "INPUT_REQUIRED": "You must include a value for all required parameters.",
    "INVALID_ENUM": "You specified an invalid value.",
    "INVALID_ENUM_POLICY_TYPE": "You specified an invalid policy type.",
    "INVALID_NEXT_TOKEN": "You specified an invalid next token.",
    "INVALID_PATTERN": "You provided a value that does not match the required pattern.",
    "INVALID_PATTERN_TARGET_ID": "You specified a policy target ID that is not valid.",
    "INVALID_RESOURCE_POLICY_JSON": "The resource policy isn't valid JSON.",
    "INVALID_SYSTEM_TAGS_PARAMETER": "You specified a tag key that is a system tag.",
    "MAX_LENGTH_EXCEEDED": "You provided a string parameter that is longer than allowed.",
    "MAX_VALUE_EXCEEDED": "You provided a numeric parameter that has a larger value than allowed.",
    "MIN_LENGTH_EXCEEDED": "You provided a string parameter that is shorter than allowed.",
    "MIN_VALUE_EXCEEDED": (
        "You provided a numeric parameter that has a smaller value than allowed."
    ),
    "NON_DETACHABLE_POLICY": "You can't detach this AWS managed policy.",
    "TARGET_NOT_SUPPORTED": "You can't perform the specified operation on that target entity.",
    "UNRECOGNIZED_SERVICE_PRINCIPAL": "You specified an unrecognized service principal.",
}


def refusal(name: str, detail: str = "") -> ApiError:
    """The error ``<name>Exception`` with AWS's text, and what exactly was wrong where known."""
    return ApiError(f"{name}Exception", f"{_TEXTS[name]} {detail}".rstrip())


def constraint(reason: str) -> ApiError:
    """A ConstraintViolationException with its Reason."""
    return ApiError("ConstraintViolationException", _CONSTRAINTS[reason], fields={"Reason": reason})


def invalid(reason: str) -> ApiError:
    """An InvalidInputException with its Reason."""
    return ApiError("InvalidInputException", _INVALID[reason], fields={"Reason": reason})


def not_modelled(service: str, operation: str) -> ApiError:
    """What the sandbox answers to a call it does not model: never a made-up success."""
    return ApiError("NotImplemented", f"The sandbox does not model {service}:{operation}.", 501)
