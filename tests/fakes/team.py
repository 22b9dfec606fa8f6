"""A team with a log: dana owns it, alice and olga ask, bob and carol approve, nightly reads.

`World` is one machine each for everyone; `workspace(person)` is a command run by that person.
"""

from dataclasses import dataclass, field
from pathlib import Path

from fakes.aws import FakeAws
from fakes.aws_members import MANAGEMENT, ORGANIZATION
from fakes.clock import START, FakeClock
from fakes.memory import FakeMemory
from fakes.progress import FakeProgress
from fakes.record_store import FakeRecordStore
from fakes.signer import FakeSigner
from fakes.trails import FakeTrails

from orgroot.core.config import Approvals, Config, parse_config
from orgroot.core.organization import Caller
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.desk import LogDesk
from orgroot.workflows.setup import init_log
from orgroot.workflows.workspace import Workspace

LOG_ID = "5f0c8d2e9b7a4c31"
ADDED = "2026-01-10T00:00:00Z"
GROUPS = {
    "alice": ("platform", "oncall"),
    "olga": ("platform",),
    "bob": ("security",),
    "carol": ("security",),
    "nightly": ("readers",),
}
CALLERS = ("alice", "olga")


class ProcessKilledError(Exception):
    """The process dies here: nothing of orgroot catches it."""


def arn_of(person: str) -> str:
    """The AWS identity of a person."""
    return f"arn:aws:iam::{MANAGEMENT}:user/{person}"


def approvals_tree(*, total: int = 2, reading: int = 0) -> dict[str, object]:
    """The rules: root tasks need security and one more; reading needs `reading` approvals."""
    people: dict[str, object] = {
        person: {
            "groups": list(groups),
            "keys": [{"key": FakeSigner(person).public_key, "added": ADDED}],
            **({"aws": [{"arn": arn_of(person)}]} if person in CALLERS else {}),
            **({"service": "true"} if person == "nightly" else {}),
        }
        for person, groups in GROUPS.items()
    }
    security = [{"group": "security", "count": "1"}]
    return {
        "expires": "2027-05-01T00:00:00Z",
        "people": people,
        "rules": [
            {
                "id": "root-tasks",
                "match": {
                    "tasks": [
                        "unlock-bucket",
                        "unlock-queue",
                        "delete-root-credentials",
                        "allow-root-recovery",
                    ]
                },
                "requesters": {"groups": ["platform"]},
                "executors": {"groups": ["platform"]},
                "approvers": {"groups": ["security", "platform"]},
                "approvals": {"total": str(total), "each_of": security},
                "break_glass": {
                    "requesters": {"groups": ["oncall"]},
                    "review": {"within": "24h", "group": "security", "count": "1"},
                },
            },
            {
                "id": "sessions",
                "match": {"tasks": ["root-session"]},
                "requesters": {"groups": ["platform"]},
                "approvers": {"groups": ["security", "platform"]},
                "approvals": {"total": str(total), "each_of": security},
            },
            {
                "id": "guarded",
                "match": {
                    "tasks": [
                        "disable-root-access",
                        "change-delegated-administrator",
                        "add-scps",
                        "change-scps",
                    ]
                },
                "requesters": {"groups": ["platform"]},
                "executors": {"groups": ["platform"]},
                "approvals": {"total": "1", "each_of": security},
            },
            {
                "id": "adding",
                "match": {"tasks": ["enable-root-access"]},
                "requesters": {"groups": ["platform"]},
                "approvals": {"total": "0"},
            },
            {
                "id": "reading",
                "match": {
                    "tasks": [
                        "audit-root-credentials",
                        "inspect-bucket-policy",
                        "inspect-queue-policy",
                    ]
                },
                "requesters": {"groups": ["platform", "security", "oncall", "readers"]},
                "approvals": {
                    "total": str(reading),
                    "each_of": [{"group": "security", "count": str(reading)}] if reading else [],
                },
            },
        ],
    }


def config_tree(**rules: int) -> dict[str, object]:
    """The configuration as the loader would give it: every scalar a text."""
    return {
        "version": "1",
        "organization": {
            "id": ORGANIZATION,
            "management_account": MANAGEMENT,
            "region": "eu-west-1",
        },
        "root_access": {"credentials_management": "true", "root_sessions": "true"},
        "trust": {
            "log_id": LOG_ID,
            "store": "file:///var/lib/orgroot/log",
            "owners": {
                "threshold": "1",
                "keys": [{"person": "dana", "key": FakeSigner("dana").public_key}],
            },
        },
        "approvals": approvals_tree(**rules),
    }


@dataclass(slots=True)
class World:
    """The organization, the store, and each person's machine."""

    config: Config
    clock: FakeClock
    aws: FakeAws
    store: FakeRecordStore
    memories: dict[str, FakeMemory] = field(default_factory=dict)
    progress: FakeProgress = field(default_factory=FakeProgress)
    trails: FakeTrails = field(init=False)

    def __post_init__(self) -> None:
        self.trails = FakeTrails(self.aws)

    @property
    def approvals(self) -> Approvals:
        """The authored rules."""
        if self.config.approvals is None:
            raise TypeError("no approvals")
        return self.config.approvals

    def memory(self, person: str) -> FakeMemory:
        """What this person's machine remembers."""
        return self.memories.setdefault(person, FakeMemory())

    def log(self, person: str = "auditor") -> AuditLog:
        """The log, read afresh by this person's machine."""
        if self.config.trust is None:
            raise TypeError("no trust")
        return AuditLog(
            self.store,
            self.config.trust,
            self.config.organization.id,
            self.memory(person),
            self.clock,
            sleep=self.clock.sleep,
        )

    def workspace(self, person: str = "alice", *, concurrency: int = 4) -> Workspace:
        """A command run by this person with AWS at hand."""
        arn = arn_of(person)
        self.aws.arn = arn
        return Workspace(
            config=self.config,
            config_path=Path("config.yaml"),
            clock=self.clock,
            progress=self.progress,
            organization=self.aws,
            identity=self.aws,
            root_sessions=self.aws,
            resource_policies=self.aws,
            trails=self.trails,
            caller=Caller(account=MANAGEMENT, arn=arn, user_id="AIDAEXAMPLE"),
            memory=self.memory(person),
            log=self.log(person),
            person=person,
            signer=FakeSigner(person),
            concurrency=concurrency,
        )

    def desk(self, person: str) -> LogDesk:
        """A command run by this person on the log alone."""
        return LogDesk(
            config=self.config,
            log=self.log(person),
            clock=self.clock,
            memory=self.memory(person),
            person=person,
            signer=FakeSigner(person),
        )

    def types(self) -> list[str]:
        """The types of all records, in order."""
        import json  # noqa: PLC0415 - looks behind the curtain

        return [
            json.loads(json.loads(raw)["body"])["type"]
            for key, raw in sorted(self.store.objects.items())
            if "/" not in key
        ]


def new_world(tree: dict[str, object] | None = None, **rules: int) -> World:
    """An organization of three members with a fresh log and its rules in force."""
    clock = FakeClock(START)
    world = World(
        config=parse_config(tree or config_tree(**rules)),
        clock=clock,
        aws=FakeAws(clock),
        store=FakeRecordStore(),
    )
    for account in ("222222222222", "333333333333", "444444444444"):
        world.aws.add_account(account)
    init_log(
        config=world.config,
        store=world.store,
        memory=world.memory("dana"),
        clock=clock,
        person="dana",
        signer=FakeSigner("dana"),
        endpoint="sandbox",
    )
    return world
