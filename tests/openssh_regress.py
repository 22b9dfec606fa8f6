"""OpenSSH's own regression tests, where they are: signature vectors, and a token in software.

Debian packs them as openssh-tests. ORGROOT_OPENSSH_REGRESS names the folder where they lie
elsewhere; once it is set, they must be there.
"""

import os
from pathlib import Path

import pytest

_NAMED = "ORGROOT_OPENSSH_REGRESS"
REGRESS = Path(os.environ.get(_NAMED, "/usr/lib/openssh/regress"))
VECTORS = REGRESS / "unittests" / "sshsig" / "testdata"
TOKEN = REGRESS / "misc" / "sk-dummy" / "sk-dummy.so"
"""A security key in software: it says that it was touched, unless it was told not to ask."""

needed = pytest.mark.skipif(
    _NAMED not in os.environ and not REGRESS.is_dir(),
    reason=f"Debian's openssh-tests is not installed, and {_NAMED} names no folder",
)
