"""One example of every result, with foreign text where it can come from outside."""

from orgroot.core import results as r
from tests.report.examples_log import LOG
from tests.report.examples_organization import ORGANIZATION
from tests.report.examples_owners import OWNERS
from tests.report.examples_requests import REQUESTS

EXAMPLES: tuple[r.Result, ...] = (
    r.Failure(exit_reasons=(r.ExitReason.INTEGRITY,), code="integrity", message="no", hint="why"),
    *REQUESTS,
    *OWNERS,
    *ORGANIZATION,
    *LOG,
)
