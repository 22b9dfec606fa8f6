"""Renew `orgroot/aws/iam_actions.txt`: `python -m tools.iam_actions [FOLDER]`.

FOLDER holds the service authorization reference as AWS publishes it, one JSON file a service
(`{"Name": "s3", "Actions": [{"Name": "GetObject"}, …]}`). Without it the actions that the list has
are taken, and those that the installed botocore has an operation for by now leave it. Offline.
Operations that are no actions (`-Invoke=InvokeFunction`) are kept by hand.
"""

import importlib.metadata
import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from orgroot.aws.action_names import EXTRA, BotocoreActions

_VERSION = re.compile(r"botocore [0-9]+\.[0-9]+")
_USAGE = "usage: python -m tools.iam_actions [FOLDER]"


def renewed(
    text: str, reference: Mapping[str, Iterable[str]], offered: Mapping[str, frozenset[str]]
) -> str:
    """The list with what the reference says by now.

    Args:
        text: the list as it is.
        reference: by service prefix, every action; of a service that it does not have the list
            keeps what it says.
        offered: by service prefix, the operations that botocore has.
    """
    head = [line for line in text.splitlines() if line.startswith("#")]
    words = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    known = {line[0]: line[1:] for line in words}
    lines = []
    for service in sorted(known.keys() | reference.keys()):
        kept = known.get(service, [])
        named = reference.get(service, [word for word in kept if not word.startswith("-")])
        calls = [word for word in kept if word.startswith("-")]
        taken = offered.get(service, frozenset())
        extra = sorted(name for name in set(named) if "-*" in calls or name not in taken)
        if extra or calls or (service in known and not kept):
            lines.append(" ".join((service, *extra, *calls)))
    return "\n".join((*head, *lines, ""))


def read_reference(folder: Path) -> dict[str, list[str]]:
    """By service prefix, the actions of the service authorization reference."""
    found = (json.loads(file.read_text("utf-8")) for file in sorted(folder.glob("**/*.json")))
    return {
        service["Name"]: [action["Name"] for action in service.get("Actions", ())]
        for service in found
        if isinstance(service, dict) and "Actions" in service
    }


def main(arguments: list[str]) -> int:
    """Write the list anew; exit 2 where there is no reference in the folder."""
    reference = read_reference(Path(arguments[0])) if len(arguments) == 1 else {}
    if len(arguments) > 1 or (arguments and not reference):
        print(f"{_USAGE}; no service with its actions was found", file=sys.stderr)
        return 2
    before = EXTRA.read_text("utf-8")
    head = _VERSION.sub(f"botocore {_installed()}", before)
    after = renewed(head, reference, BotocoreActions().operations())
    EXTRA.write_text(after, "utf-8")
    print("unchanged" if after == before else f"renewed: {EXTRA}")
    return 0


def _installed() -> str:
    return ".".join(importlib.metadata.version("botocore").split(".")[:2])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
