"""What an answer costs before any work: help, version and completion, against a bare interpreter.

CPU time of whole processes, the least of several; modules as `-X importtime` names them.
"""

import os
import resource
import subprocess
import sys
from collections.abc import Sequence

ROUNDS = 7
LOADED = "import time:"
COMPLETION = {
    "_ORGROOT_COMPLETE": "complete_bash",
    "COMP_WORDS": "orgroot unlock-bucket --mo",
    "COMP_CWORD": "2",
}
ASKED = {
    "orgroot --version": (["-m", "orgroot", "--version"], {}),
    "orgroot --help": (["-m", "orgroot", "--help"], {}),
    "orgroot unlock-bucket --help": (["-m", "orgroot", "unlock-bucket", "--help"], {}),
    "completion in bash": (["-m", "orgroot"], COMPLETION),
    "all that work needs": (["-c", "import orgroot.cli.context, orgroot.aws.clients"], {}),
}


def main() -> None:
    """Print modules and CPU milliseconds of each, and its ratio to Python alone."""
    bare = _seconds(["-c", "pass"], {})
    print(f"{'python -c pass':<30} {_modules(['-c', 'pass'], {}):5d} modules {bare * 1000:6.0f} ms")
    for name, (arguments, env) in ASKED.items():
        seconds = _seconds(arguments, env)
        print(
            f"{name:<30} {_modules(arguments, env):5d} modules {seconds * 1000:6.0f} ms"
            f"   ratio {seconds / bare:5.1f}"
        )


def _modules(arguments: Sequence[str], env: dict[str, str]) -> int:
    return _run(["-X", "importtime", *arguments], env).count(LOADED)


def _seconds(arguments: Sequence[str], env: dict[str, str]) -> float:
    def once() -> float:
        before = _busy()
        _run(arguments, env)
        return _busy() - before

    return min(once() for _ in range(ROUNDS))


def _run(arguments: Sequence[str], env: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr


def _busy() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
