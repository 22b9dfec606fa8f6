"""The other tools that write SCPs: whose an SCP is, by the name and the tags they leave.

What is recognised is looked at and never written, whatever the configuration says.
"""

from collections.abc import Mapping

LANDING_ZONE_ACCELERATOR = "Landing Zone Accelerator"
CONTROL_TOWER = "Control Tower"

_PREFIXES = {
    "AWSAccelerator-": LANDING_ZONE_ACCELERATOR,
    "aws-guardrails-": CONTROL_TOWER,
}
"""How these two name every SCP of theirs."""

_OWNER_KEYS = frozenset(
    {"managedby", "managed", "provisionedby", "provisioner", "createdby", "iac", "deployedby"}
)
"""Tag keys, letters only, whose value names a tool."""

_TOOLS = {
    "terraform": "Terraform",
    "opentofu": "OpenTofu",
    "terragrunt": "Terraform",
    "pulumi": "Pulumi",
    "cloudformation": "CloudFormation",
    "cdk": "CloudFormation",
    "accelerator": LANDING_ZONE_ACCELERATOR,
    "controltower": CONTROL_TOWER,
    "aft": CONTROL_TOWER,
}
"""How such a value, or a key of its own, begins; letters only."""

_CLOUDFORMATION = "aws:cloudformation:"


def owner_by_name(name: str) -> str:
    """The tool that an SCP's name belongs to; empty: none of them."""
    return next((tool for prefix, tool in _PREFIXES.items() if name.startswith(prefix)), "")


def owner_of(name: str, tags: Mapping[str, str]) -> str:
    """The tool that an SCP belongs to, by its name or the tags it carries; empty: nobody's."""
    found = owner_by_name(name)
    if found:
        return found
    for key, value in sorted(tags.items()):
        if key.startswith(_CLOUDFORMATION):
            return "CloudFormation"
        plain, said = _letters(key), _letters(value)
        tool = _tool(plain) or (_tool(said) if plain in _OWNER_KEYS else "")
        if tool and said not in ("false", "no"):
            return tool
    return ""


def _tool(letters: str) -> str:
    return next((tool for word, tool in _TOOLS.items() if letters.startswith(word)), "")


def _letters(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalpha())
