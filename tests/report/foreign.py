"""Text from outside, as an attacker would write it, and an AWS denial, for examples."""

from orgroot.core import results as r

DENIED = r.DeniedBy(policy="deny-root", sid="DenyRoot", kind="service control policy")
EVIL = "evil\x1b[31m\u202e=cmd()"
