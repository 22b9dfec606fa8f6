"""What single values of the configuration look like, and what an error says of one that does not.

The description of each is what a person reads: it says what to write.
"""

from typing import Annotated

from msgspec import Meta

# `\Z`, for `$` would also match before a final line feed. The description is what an error says.
Name = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9._-]{0,63}\Z",
        description="a name is at most 64 of a-z, 0-9, dot, underscore and hyphen",
    ),
]
Account = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{12}\Z",
        description="an account id is 12 digits, leading zeros included; quotes are not needed",
    ),
]
Duration = Annotated[
    str,
    Meta(
        pattern=r"^([1-9][0-9]{0,6}[smh]|[1-9][0-9]{0,3}d)\Z",
        description="a length of time is a whole number with s, m, h or d, as 90s, 4h or 30d",
    ),
]
"""A length of time as authored: a whole number and s, m, h or d; `seconds` converts it."""

RegionName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]\Z",
        description="a Region is written as eu-west-1; AssumeRoot has no global endpoint",
    ),
]

Unit = Annotated[
    str,
    Meta(
        pattern=r"^(ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|r-[0-9a-z]{4,32})\Z",
        description="an OU id is written as ou-ab12-34567890, the root as r-ab12",
    ),
]

Target = Annotated[
    str,
    Meta(
        pattern=r"^(root|r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|[0-9]{12})\Z",
        description="a target is root, an OU id (ou-ab12-11111111) or an account id (12 digits)",
    ),
]
"""Where an SCP is attached."""

RoleArn = Annotated[
    str,
    Meta(
        pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[0-9A-Za-z_+=,.@/-]{1,512}\Z",
        description="write the ARN of a role, as arn:aws:iam::111111111111:role/NAME",
    ),
]

TopicArn = Annotated[
    str,
    Meta(
        pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[0-9A-Za-z_-]{1,256}(\.fifo)?\Z",
        description="write the ARN of an SNS topic",
    ),
]

FindingId = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9.-]+/\S+\Z",
        description="a finding is KIND/WHAT, as `orgroot drift` shows it",
    ),
]

Why = Annotated[str, Meta(pattern=r"\S", description="say why, in words")]
"""A reason, for whoever reads it later."""
