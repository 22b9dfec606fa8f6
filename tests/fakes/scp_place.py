"""A world of SCPs whose configuration lies in a real folder, and its people."""

import json
from dataclasses import replace
from pathlib import Path

import msgspec
from fakes.aws_members import ORG_ROOT
from fakes.team import World, new_world

from orgroot.core.config import ScpConfig
from orgroot.core.organization import ScpSummary
from orgroot.core.results import PlanResult, RequestView
from orgroot.workflows import scp_planning
from orgroot.workflows.approvals import approve
from orgroot.workflows.execution import execute
from orgroot.workflows.requests import Ask
from orgroot.workflows.scp_planning import ALL, Wanted
from orgroot.workflows.workspace import Workspace

MEMBER = "222222222222"
UNIT = "ou-ab12-x1234567"
ASK = Ask(reason="guard the root users")
NAME = "deny-root"
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "DenyRoot",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"Null": {"aws:AssumedRoot": "true"}},
        }
    ],
}
SENT = json.dumps(DOCUMENT, separators=(",", ":"))
OTHER_SENT = SENT.replace('"*","Resource"', '"iam:*","Resource"')
ALLOW_ALL = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'


WRITING = ("CreatePolicy", "AttachPolicy", "DetachPolicy", "DeletePolicy")


class CrashError(BaseException):
    """The process dies at this call."""


class Place:
    """A world whose configuration lies in a real folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world: World = new_world()
        self.aws = self.world.aws
        full = ScpSummary(
            id="p-FullAWSAccess",
            arn="arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess",
            name="FullAWSAccess",
            description="",
            aws_managed=True,
        )
        self.aws.policies[full.id] = (full, ALLOW_ALL)
        for target in (ORG_ROOT, MEMBER):
            self.aws.attachments[target] = [full.id]
        (folder / "deny.json").write_text(json.dumps(DOCUMENT, indent=2))
        self.declare(ScpConfig(name=NAME, file="deny.json", targets=("root", MEMBER)))

    def write(self, text: str, file: str = "deny.json") -> None:
        """Put a document beside the configuration."""
        (self.folder / file).write_text(text)

    def declare(self, *declared: ScpConfig) -> None:
        """What the configuration declares."""
        self.world.config = msgspec.structs.replace(self.world.config, scps=declared)

    def workspace(self) -> Workspace:
        """A command run in that folder."""
        return replace(self.world.workspace(), config_path=self.folder / "config.yaml")

    def granted(self, wanted: Wanted = ALL) -> str:
        """A request to apply, approved."""
        view = scp_planning.apply(self.workspace(), ASK, wanted)
        assert isinstance(view, RequestView)
        approve(self.world.desk("bob"), view.id, "", lambda _summary: None)
        return view.id

    def crash_at(self, n: int) -> None:
        """Let the process die at the nth changing call."""
        seen: list[object] = []

        def die(call: object) -> None:
            seen.append(call)
            if len(seen) == n:
                raise CrashError

        for operation in WRITING:
            self.aws.when(f"organizations:{operation}", die)

    def run(self, request: str) -> PlanResult:
        """Execute it."""
        result = execute(self.workspace(), request)
        assert isinstance(result, PlanResult)
        return result

    def written(self) -> list[str]:
        """The changing calls."""
        return [call.operation for call in self.aws.writes]

    def names_on(self, target: str) -> list[str]:
        """The names of the SCPs attached to a target."""
        return [self.aws.policies[p][0].name for p in self.aws.attachments.get(target, [])]
