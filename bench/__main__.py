"""Run every bench module of this folder, or those named: `python -m bench [NAME…]`."""

import importlib
import pkgutil
import sys
from pathlib import Path

from orgroot.cli.logging_setup import set_up_logging
from orgroot.cli.settings import LogFormat, LogLevel

# The tests' fakes stand in for people, keys and time here too.
TESTS = Path(__file__).parent.parent / "tests"


def main(names: list[str]) -> int:
    """Run the benches; an unknown name is exit 2."""
    known = sorted(
        module.name
        for module in pkgutil.iter_modules([str(Path(__file__).parent)])
        if not module.name.startswith("_")
    )
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no such bench: {', '.join(unknown)}; there are: {', '.join(known)}")
        return 2
    set_up_logging(LogLevel.WARNING, LogFormat.TEXT)
    sys.path.insert(0, str(TESTS))
    for name in names or known:
        print(f"== {name}")
        importlib.import_module(f"bench.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
