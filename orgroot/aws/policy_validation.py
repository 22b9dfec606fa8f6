"""IAM Access Analyzer's ValidatePolicy for SCPs; it needs no analyzer and costs nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from orgroot.aws.clients import AwsDoor
from orgroot.aws.paging import pages
from orgroot.core.json_places import Path
from orgroot.core.scp_opinion import Opinion


class AwsPolicyValidation:
    """ports.PolicyValidation by `access-analyzer:ValidatePolicy`."""

    def __init__(self, door: AwsDoor) -> None:
        self._door = door

    def validate(self, text: str) -> tuple[Opinion, ...]:
        """Every finding about an SCP, all pages."""
        found = pages(
            lambda wanted: self._door.call("accessanalyzer", "ValidatePolicy", wanted),
            {"policyDocument": text, "policyType": "SERVICE_CONTROL_POLICY"},
            sends="nextToken",
            answers="nextToken",
            operation="access-analyzer:ValidatePolicy",
        )
        return tuple(_opinion(finding) for page in found for finding in page.get("findings", ()))


def _opinion(finding: Mapping[str, Any]) -> Opinion:
    locations: Sequence[Mapping[str, Any]] = finding.get("locations") or ({},)
    return Opinion(
        kind=str(finding.get("findingType", "")),
        code=str(finding.get("issueCode", "")),
        details=str(finding.get("findingDetails", "")),
        link=str(finding.get("learnMoreLink", "")),
        path=_path(locations[0].get("path", ())),
    )


def _path(elements: Sequence[Mapping[str, Any]]) -> Path:
    """AWS's path: each element is an index, a key or a value by its key; a substring is no step."""
    steps: list[str | int] = []
    for element in elements:
        if "index" in element:
            steps.append(int(element["index"]))
        elif "value" in element or "key" in element:
            steps.append(str(element.get("value", element.get("key"))))
    return tuple(steps)
