"""Make a further user of the sandbox's management account, with an SSH key: a service, say.

    python -m orgroot.sandbox.enlist NAME POLICY-FILE [DIR]

Then `orgroot sandbox env --as NAME` knows it; the roster of config.yaml does not, until you write
it there. Speaks plain boto3 as the sandbox's administrator; knows nothing of orgroot.
"""

import json
import sys
from pathlib import Path

import boto3

from orgroot.core.ids import AccountId
from orgroot.sandbox.people import make_person, write_keys
from orgroot.sandbox.process import CREDENTIALS, read_info

_ADMINISTRATOR = "sandbox-administrator"


def main() -> int:
    """Make the user, its key pair and its access key; 2: there is no sandbox in the folder."""
    name, policy = sys.argv[1], Path(sys.argv[2]).read_text(encoding="utf-8")
    folder = Path(sys.argv[3] if len(sys.argv) > 3 else ".")  # noqa: PLR2004 - the third is optional
    info = read_info(folder)
    if info is None:
        sys.stderr.write(f"there is no sandbox in {folder}\n")
        return 2
    administrator = info.users[_ADMINISTRATOR]
    iam = boto3.client(
        "iam",
        endpoint_url=info.endpoint,
        region_name=info.region,
        aws_access_key_id=administrator.access_key_id,
        aws_secret_access_key=administrator.secret_access_key,
    )
    person = make_person(name, AccountId(info.management_account))
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    write_keys((person,), folder / "keys")
    path = folder / CREDENTIALS
    papers = json.loads(path.read_text(encoding="utf-8"))
    papers["users"][name] = {
        "arn": person.user_arn,
        "access_key_id": key["AccessKeyId"],
        "secret_access_key": key["SecretAccessKey"],
    }
    # The file keeps its mode: it was made for its owner alone.
    path.write_text(json.dumps(papers, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"{person.user_arn}\n{person.public_key}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
