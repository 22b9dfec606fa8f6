"""What SCPs do to root tasks."""

from orgroot.core.results.base import Result, Row


class ScpBlame(Row, frozen=True, kw_only=True):
    """A statement that denies or may deny; an empty `sid`: the policy allows nothing of the kind.

    A statement without a Sid is named by its number, as `#2`. `kind` is as of `denied_by`.
    """

    policy: str
    sid: str
    kind: str


class ScpCheckRow(Row, frozen=True, kw_only=True):
    """One root task of one kind of principal in one account.

    Attributes:
        target: account id; for a file that is attached nowhere, the file's name.
        principal: `root-session` (AssumeRoot) or `root-user` (long-term root).
        region: where the bucket or queue lies; IAM's own calls carry IAM's Region.
        task_policy: AWS's name of the task.
        decision: `allowed`, `denied` or `depends`.
        denied_actions: every action of the task that is certainly denied.
        by: who denies, or may deny.
        depends_on: condition keys that would settle it, `Resource` for the name of what is touched.
        beyond: no Region that was asked about, but one that a policy treats otherwise, as the
            policy writes it (`elsewhere`: every Region that none names); never counted.
    """

    target: str
    principal: str
    region: str
    task_policy: str
    decision: str
    denied_actions: tuple[str, ...] = ()
    by: tuple[ScpBlame, ...] = ()
    depends_on: tuple[str, ...] = ()
    beyond: bool = False


class ScpCheckGroup(Row, frozen=True, kw_only=True):
    """Accounts that the same policies bind alike.

    Attributes:
        accounts: their ids.
        levels: the names of the SCPs on each level, root first.
        rcps: the names of the RCPs on all levels.
    """

    accounts: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    rcps: tuple[str, ...] = ()


class ScpStopped(Row, frozen=True, kw_only=True):
    """A root task of root sessions that works today and would not after a plan.

    Attributes:
        accounts: where; for what the plan makes, its address.
        regions: with buckets and queues of these Regions.
        task_policy: AWS's name of the task.
        decision: `denied`, or `depends`: on more than today.
        denied_actions: every action that works today and would be denied.
        by: who would deny, or may.
        depends_on: what would settle it.
        step: after which step of the plan, where a later one lets it work again; null: once it is
            carried out.
    """

    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    task_policy: str
    decision: str
    denied_actions: tuple[str, ...] = ()
    by: tuple[ScpBlame, ...] = ()
    depends_on: tuple[str, ...] = ()
    step: str | None = None


class ScpCheckSummary(Row, frozen=True, kw_only=True):
    """Accounts by what becomes of root sessions in them: the worst task decides."""

    accounts: int
    allowed: int
    depends: int
    denied: int


class ScpCheck(Result, frozen=True, kw_only=True, tag="orgroot.scp-check/v1"):
    """`orgroot scp check`.

    Attributes:
        results: every root task of both kinds of principal in every account and Region.
        groups: the accounts by what binds them.
        summary: counts.
        planned: it is about the organization as a plan would leave it.
        stopped: what that plan would stop.
        notes: what was not judged, and why.
    """

    results: tuple[ScpCheckRow, ...]
    groups: tuple[ScpCheckGroup, ...]
    summary: ScpCheckSummary
    planned: bool = False
    stopped: tuple[ScpStopped, ...] = ()
    notes: tuple[str, ...] = ()


class ScpFinding(Row, frozen=True, kw_only=True):
    """Something wrong or odd in an SCP's text.

    Attributes:
        file: where the text is from.
        line, column: where in it, counted from 1.
        severity: `error` (AWS refuses it), `warning` or `advice`.
        code: its name, stable for programs.
        statement: the number of the statement, from 1; null where it is about the document.
        sid: that statement's Sid, if it has one.
        message: what is wrong.
        remedy: what to do.
    """

    file: str
    line: int
    column: int
    severity: str
    code: str
    statement: int | None
    sid: str | None
    message: str
    remedy: str


class ScpLintFile(Row, frozen=True, kw_only=True):
    """How large an SCP is.

    Attributes:
        file: where the text is from.
        written: characters as it stands there.
        characters: as orgroot sends it, without white space; null where it is not JSON.
        left: how many more AWS would take; negative: too many.
    """

    file: str
    written: int
    characters: int | None
    left: int | None


class ScpLintTarget(Row, frozen=True, kw_only=True):
    """How much room a root, OU or account has.

    Attributes:
        target: its id.
        attached: the names of the SCPs attached to it directly.
        used, left: slots, of those that AWS gives a target.
        characters: of all attached SCPs together, as they are stored.
        characters_left: what they could still grow by, free slots included.
        allows_everything: one of them allows all of AWS, as FullAWSAccess does.
    """

    target: str
    attached: tuple[str, ...]
    used: int
    left: int
    characters: int
    characters_left: int
    allows_everything: bool


class ScpLintSummary(Row, frozen=True, kw_only=True):
    """How many findings there are of each severity."""

    files: int
    errors: int
    warnings: int
    advice: int


class ScpLint(Result, frozen=True, kw_only=True, tag="orgroot.scp-lint/v1"):
    """`orgroot scp lint`; `notes`: what was not looked at, and why."""

    findings: tuple[ScpFinding, ...]
    files: tuple[ScpLintFile, ...]
    targets: tuple[ScpLintTarget, ...] = ()
    summary: ScpLintSummary
    notes: tuple[str, ...] = ()
