"""The content-addressed objects that stand for what is too long for a statement.

An object is what its SHA-256 says or it is not there: nothing is taken from one that differs.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from orgroot.core.codec import parse_canonical
from orgroot.core.findings import FindingCode, Void
from orgroot.core.ids import Digest, sha256
from orgroot.core.statement_parts import ObjectRef, Target
from orgroot.core.statements import Intent, RequestFields, Survey
from orgroot.errors import IntegrityError

T = TypeVar("T")

_SHA256 = re.compile(r"[0-9a-f]{64}")
"""A name of another form is never asked for: a signed statement may name anything, a path too."""


class Objects:
    """Reads objects for one record at a time and remembers which were named.

    Args:
        read: an object's bytes by SHA-256, or None.
    """

    def __init__(self, read: Callable[[Digest], bytes | None]) -> None:
        self._read = read
        self.named: set[Digest] = set()

    def targets(self, body: RequestFields) -> tuple[Target, ...]:
        """The targets of a request or survey.

        Raises:
            Void: OBJECT.
        """
        return self._either(body.targets, body.targets_object, tuple[Target, ...])

    def params(self, body: RequestFields) -> Mapping[str, Any]:
        """The parameters of a request or survey.

        Raises:
            Void: OBJECT.
        """
        return self._either(body.params, body.params_object, dict[str, Any])

    def accounts(self, body: Intent | Survey) -> tuple[str, ...]:
        """The accounts of an intent or survey.

        Raises:
            Void: OBJECT.
        """
        return self._either(body.accounts, body.accounts_object, tuple[str, ...])

    def listed(self, sha256: str) -> tuple[str, ...]:
        """The entries of an object that is a list of texts.

        Raises:
            Void: OBJECT.
        """
        return self._value(sha256, tuple[str, ...])

    def _either(self, inline: T, ref: ObjectRef | None, kind: type[T]) -> T:
        if ref is None:
            return inline
        value = self._value(ref.sha256, kind)
        if inline or len(value) != ref.count:  # type: ignore[arg-type] # all kinds have a length
            raise Void(FindingCode.OBJECT, f"object {ref.sha256} is not what the record says")
        return value

    def _value(self, digest: str, kind: type[T]) -> T:
        if _SHA256.fullmatch(digest) is None:
            raise Void(FindingCode.OBJECT, f"{digest!r} is not the name of an object")
        self.named.add(Digest(digest))
        data = self._read(Digest(digest))
        if data is None:
            raise Void(FindingCode.OBJECT, f"object {digest} is missing")
        if sha256(data) != digest:
            raise Void(FindingCode.OBJECT, f"object {digest} is not what its name says")
        try:
            return msgspec.convert(parse_canonical(data), kind)
        except (IntegrityError, msgspec.ValidationError) as error:
            raise Void(FindingCode.OBJECT, f"object {digest} cannot be read: {error}") from error
