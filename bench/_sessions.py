"""Root sessions whose calls take their time, and what each account has used of its budgets."""

import threading
import time
from collections import Counter
from typing import Any

from orgroot.core.root_tasks import TaskPolicy
from orgroot.core.secrets import RootSession


class SlowSessions:
    """Root sessions in which every call takes its time, and is timed from outside.

    A session's budget begins when AssumeRoot is called, so waiting for the log is in it.
    """

    def __init__(self, sessions: Any, latency_seconds: float) -> None:
        self._sessions = sessions
        self._latency = latency_seconds
        self._lock = threading.Lock()
        self._opened: dict[str, float] = {}
        self.calls: Counter[str] = Counter()
        self.accounts: dict[str, tuple[float, float]] = {}
        self.lives: dict[str, float] = {}

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._sessions, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            time.sleep(self._latency)
            answer = method(*args, **kwargs)
            self._note(answer if name == "assume_root" else args[0], began)
            return answer

        return call

    def _note(self, session: RootSession, began: float) -> None:
        now = time.perf_counter()
        with self._lock:
            self.calls[session.account] += 1
            first = self.accounts.get(session.account, (began, now))[0]
            self.accounts[session.account] = (first, now)
            if session.task_policy is TaskPolicy.DELETE_CREDENTIALS:
                opened = self._opened.setdefault(session.access_key_id, began)
                self.lives[session.access_key_id] = now - opened
