"""What is asked about the texts of policies."""

from typing import Protocol

from orgroot.core.scp_opinion import Opinion
from orgroot.core.scp_vocabulary import Vocabulary


class ActionNames(Protocol):
    """The actions that policies can name, as far as a list on this machine knows."""

    def vocabulary(self, services: frozenset[str]) -> Vocabulary:
        """The actions of these services (prefixes in lower case), and which services there are."""
        ...


class PolicyValidation(Protocol):
    """Somebody else's opinion of a policy's text."""

    def validate(self, text: str) -> tuple[Opinion, ...]:
        """`access-analyzer:ValidatePolicy` of an SCP, all pages."""
        ...
