"""The policy documents that ship with orgroot: in the wheel, or beside it in a checkout."""

import shutil
from pathlib import Path

from orgroot.errors import UsageError

_PACKAGE = Path(__file__).resolve().parent.parent


def policies_folder() -> Path:
    """The folder `policies/` of this installation."""
    for folder in (_PACKAGE / "_policies", _PACKAGE.parent / "policies"):
        if (folder / "scp").is_dir():
            return folder
    raise UsageError("this installation holds no policies/ folder", code="installation")


def copy_policies(target: Path) -> None:
    """Copy the shipped documents to a folder that does not exist yet."""
    shutil.copytree(policies_folder(), target)
