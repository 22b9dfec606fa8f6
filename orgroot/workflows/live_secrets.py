"""The secrets that live in this process right now, so that none of them is ever logged."""

import base64
import threading
from collections.abc import Callable

from orgroot.core.secrets import Secret
from orgroot.errors import IntegrityError

_TELLING = 16
"""Shorter pieces of base64 could stand in a record by chance."""


class LiveSecrets:
    """What must not stand in anything that is written. Called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shapes: dict[object, tuple[bytes, ...]] = {}

    def __len__(self) -> int:
        """How many groups of secrets are watched for."""
        with self._lock:
            return len(self._shapes)

    def keep_out(self, secrets: tuple[Secret, ...]) -> Callable[[], None]:
        """Watch for these secrets until the answer is called."""
        shapes = tuple(shape for secret in secrets for shape in _shapes(secret))
        ticket = object()
        with self._lock:
            self._shapes[ticket] = shapes

        def forget() -> None:
            with self._lock:
                self._shapes.pop(ticket, None)

        return forget

    def refuse(self, data: bytes) -> None:
        """Refuse bytes that hold one of them, as it is or in base64.

        Raises:
            IntegrityError: they do; nothing may be written.
        """
        with self._lock:
            shapes = [shape for group in self._shapes.values() for shape in group]
        if any(shape in data for shape in shapes):
            raise IntegrityError(
                "a live secret stood in what was about to be logged; nothing was written",
                hint="this is a bug of orgroot: please report it",
                code="secret",
            )


def _shapes(secret: Secret) -> tuple[bytes, ...]:
    """A secret's text, and what is left of it inside a base64 text at each of three offsets."""
    text = secret.reveal().encode()
    if not text:
        return ()
    inner = []
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + text)
        # The first and last characters also depend on the bytes around the secret.
        inner.append(encoded[4 if offset else 0 : -4])
    return (text, *(shape for shape in inner if len(shape) >= _TELLING))
