"""A log of three owners, two of whom must sign: each at a machine of their own."""

from dataclasses import dataclass, field

from fakes.aws_members import ORGANIZATION
from fakes.clock import START, FakeClock
from fakes.memory import FakeMemory
from fakes.record_store import FakeRecordStore
from fakes.signer import FakeSigner
from fakes.team import config_tree

from orgroot.core.config import Config, parse_config
from orgroot.core.results import LogInit
from orgroot.workflows.audit_log import AuditLog
from orgroot.workflows.desk import LogDesk
from orgroot.workflows.setup import init_log

OWNERS = ("dana", "erik", "frank")


def config_of(
    *owners: str, threshold: int = 2, total: int = 2, keys: dict[str, str] | None = None
) -> Config:
    """A team's configuration with these owners; `keys` names another key than their own."""
    tree = config_tree(total=total)
    names = owners or OWNERS
    tree["trust"]["owners"] = {  # type: ignore[index]
        "threshold": str(threshold),
        "keys": [
            {"person": name, "key": FakeSigner((keys or {}).get(name, name)).public_key}
            for name in names
        ],
    }
    return parse_config(tree)


@dataclass
class Owners:
    """One store, and a memory for each machine."""

    config: Config = field(default_factory=config_of)
    store: FakeRecordStore = field(default_factory=FakeRecordStore)
    clock: FakeClock = field(default_factory=lambda: FakeClock(START))
    memories: dict[str, FakeMemory] = field(default_factory=dict)

    def memory(self, person: str) -> FakeMemory:
        """What a person's machine remembers."""
        return self.memories.setdefault(person, FakeMemory())

    def begin(
        self, person: str, config: Config | None = None, key: str = "", endpoint: str = "sandbox"
    ) -> LogInit:
        """`log init` by this person."""
        return init_log(
            config=config or self.config,
            store=self.store,
            memory=self.memory(person),
            clock=self.clock,
            person=person,
            signer=FakeSigner(key or person),
            endpoint=endpoint,
        )

    def log(self, person: str = "dana", config: Config | None = None) -> AuditLog:
        """The log as this person's machine opens it."""
        trust = (config or self.config).trust
        assert trust is not None
        return AuditLog(
            self.store, trust, ORGANIZATION, self.memory(person), self.clock, sleep=self.clock.sleep
        )

    def desk(self, person: str, config: Config | None = None, key: str = "") -> LogDesk:
        """A command by this person."""
        config = config or self.config
        return LogDesk(
            config=config,
            log=self.log(person, config),
            clock=self.clock,
            memory=self.memory(person),
            person=person,
            signer=FakeSigner(key or person),
        )


def begun() -> Owners:
    """A log that dana and erik have created together."""
    owners = Owners()
    owners.begin("dana")
    owners.begin("erik")
    return owners
