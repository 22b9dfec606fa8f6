"""Root sessions that were handed to another program."""

from orgroot.core.results.base import Result


class HandedOut(Result, frozen=True, kw_only=True, tag="orgroot.root-session/v1"):
    """`orgroot session exec|env|credential-process`, of one session; never its secrets.

    Attributes:
        request: the request's id.
        state: where it stands now.
        account: the member account.
        task_policy: AWS's root-task policy: all that the session can do.
        outcome: how the handing out was recorded, or why AWS refused the session.
        access_key_id: the session's id in CloudTrail; null where there is none.
        expires_at: when AWS ends it (UTC); null where there is none.
        receipt: of the log after it.
    """

    request: str
    state: str
    account: str
    task_policy: str
    outcome: str
    access_key_id: str | None
    expires_at: str | None
    receipt: str | None
