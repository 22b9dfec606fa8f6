"""Which host a door may speak to."""

import json
from copy import deepcopy
from pathlib import Path

import pytest

from orgroot.aws.clients import AwsDoor
from orgroot.aws.endpoints import is_loopback, own_host, packaged_models, require_own_host
from orgroot.errors import IntegrityError, UsageError

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
LOOPBACK = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:5000", "http://127.8.8.8", "http://[::1]:80", "https://localhost:4566"],
)
def test_this_machine_is_loopback(url: str) -> None:
    """Every spelling of this machine is a possible sandbox."""
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1@evil.example",
        "http://127.0.0.1.evil.example",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "ftp://127.0.0.1",
        "localhost:4566",
        "",
    ],
)
def test_other_hosts_are_not_loopback(url: str) -> None:
    """No disguise makes another host this machine."""
    assert not is_loopback(url)


@pytest.mark.parametrize(
    "setting",
    [
        {"AWS_ENDPOINT_URL": LOOPBACK},
        {"AWS_ENDPOINT_URL_STS": "https://sts.evil.example"},
        {"AWS_ENDPOINT_URL": LOOPBACK, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
    ],
)
def test_a_log_of_aws_refuses_configured_endpoints(setting: dict[str, str]) -> None:
    """With a log of `aws`, any endpoint in the environment is named and refused."""
    with pytest.raises(IntegrityError, match=next(iter(setting))):
        AwsDoor(None, "eu-west-1", "aws", {**KEYS, **setting})


@pytest.mark.parametrize(
    "text",
    [
        "[default]\nendpoint_url = http://127.0.0.1:9\n",
        "[default]\nservices = mine\n[services mine]\nsts =\n  endpoint_url = http://127.0.0.1:9\n",
    ],
)
def test_a_log_of_aws_refuses_endpoints_of_the_config_file(tmp_path: Path, text: str) -> None:
    """With a log of `aws`, an endpoint in the AWS config file is refused as well."""
    config = tmp_path / "config"
    config.write_text(text)
    with pytest.raises(IntegrityError, match="AWS config file"):
        AwsDoor(None, "eu-west-1", "aws", {**KEYS, "AWS_CONFIG_FILE": str(config)})


def test_a_log_of_aws_speaks_to_aws() -> None:
    """Without configured endpoints, clients have AWS's own hosts over TLS, STS a Regional one."""
    door = AwsDoor(None, "us-east-1", "aws", {**KEYS, "AWS_STS_REGIONAL_ENDPOINTS": "legacy"})
    door.require_regional_sts()
    assert door.client("sts", once=True).meta.endpoint_url == "https://sts.us-east-1.amazonaws.com"
    assert door.client("iam", once=False).meta.endpoint_url == "https://iam.amazonaws.com"
    assert door.endpoint_kind == "aws"


@pytest.mark.parametrize(
    "setting", [{}, {"AWS_ENDPOINT_URL": "http://10.1.2.3"}, {"AWS_ENDPOINT_URL_STS": LOOPBACK}]
)
def test_a_log_of_a_sandbox_needs_a_loopback_endpoint(setting: dict[str, str]) -> None:
    """With a log of a sandbox, absent and foreign endpoints are refused: it never reaches AWS."""
    with pytest.raises(IntegrityError):
        AwsDoor(None, "eu-west-1", "sandbox", {**KEYS, **setting})


def test_a_sandbox_is_spoken_to_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every client of a sandbox has its endpoint, whatever proxy the environment names."""
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    door = AwsDoor(None, "eu-west-1", "sandbox", {**KEYS, "AWS_ENDPOINT_URL": LOOPBACK})
    client = door.client("sts", once=True)
    assert client.meta.endpoint_url == LOOPBACK
    assert client.meta.config.proxies == {}


def test_an_observer_may_look_at_a_sandbox() -> None:
    """Without a log, a loopback endpoint is honoured, and none means AWS."""
    sandbox = AwsDoor(None, "eu-west-1", None, {**KEYS, "AWS_ENDPOINT_URL": LOOPBACK})
    assert sandbox.endpoint_kind == "sandbox"
    assert AwsDoor(None, "eu-west-1", None, KEYS).endpoint_kind == "aws"


@pytest.mark.parametrize(
    "setting",
    [{"AWS_ENDPOINT_URL": "https://aws.evil.example"}, {"AWS_ENDPOINT_URL_IAM": LOOPBACK}],
)
def test_an_observer_meets_no_stranger(setting: dict[str, str]) -> None:
    """Without a log, a foreign endpoint or one for a single service is refused."""
    with pytest.raises(IntegrityError):
        AwsDoor(None, "eu-west-1", None, {**KEYS, **setting})


@pytest.mark.parametrize("region", [None, "", "aws-global", "fips-us-east-1", "us-east-1-fips"])
def test_a_region_with_a_regional_sts_is_required(region: str | None) -> None:
    """Without a true Region nothing is called: AssumeRoot has no global endpoint."""
    with pytest.raises(UsageError) as caught:
        AwsDoor(None, region, "aws", KEYS)
    assert caught.value.exit_code == 2
    assert not isinstance(caught.value, IntegrityError)


@pytest.mark.parametrize(
    "url",
    [
        "http://sts.eu-west-1.amazonaws.com/",
        "https://sts.amazonaws.com/",
        "https://evil.example/",
        "https://xsts.eu-west-1.amazonaws.com.evil.example/",
        "https://evilsts.eu-west-1.amazonaws.com/",
    ],
)
def test_a_request_to_another_host_is_not_sent(url: str) -> None:
    """Only the service's own host in that Region, over TLS, is spoken to."""
    with pytest.raises(IntegrityError):
        require_own_host(url, own_host("sts", "eu-west-1", fips=False))


def test_a_bucket_may_be_part_of_the_host() -> None:
    """S3 puts the bucket before its own host."""
    host = own_host("s3", "eu-central-1", fips=False)
    require_own_host(f"https://corp-logs.{host}/?policy", host)


@pytest.mark.parametrize("fips", [False, True])
@pytest.mark.parametrize("region", ["us-east-1", "us-west-2", "ca-central-1"])
def test_botocores_rules_and_our_check_agree(region: str, *, fips: bool, tmp_path: Path) -> None:
    """The host that botocore's rules resolve for a call is the one that our check expects."""
    config = tmp_path / "config"
    config.write_text(f"[default]\nuse_fips_endpoint = {str(fips).lower()}\n")
    door = AwsDoor(None, region, "aws", {**KEYS, "AWS_CONFIG_FILE": str(config)})
    calls = {
        "sts": ("GetCallerIdentity", {}),
        "iam": ("GetAccountSummary", {}),
        "organizations": ("ListRoots", {}),
        "s3": ("GetBucketPolicy", {"Bucket": "corp-logs"}),
    }
    for service, (operation, parameters) in calls.items():
        client = door.client(service, once=True)
        model = client.meta.service_model.operation_model(operation)
        url, _, _ = client._resolve_endpoint_ruleset(model, parameters, {"client_region": region})
        require_own_host(url, own_host(service, region, fips=fips))


def test_models_of_this_machine_mean_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an answer means is read from the botocore package, not from a file that lies around."""
    model = deepcopy(packaged_models().load_service_model("organizations", "service-2"))
    model["shapes"]["Parent"]["members"]["Id"]["locationName"] = "Type"
    lying = tmp_path / "organizations" / model["metadata"]["apiVersion"] / "service-2.json"
    lying.parent.mkdir(parents=True)
    lying.write_text(json.dumps(model), encoding="utf-8")
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    for inside in (False, True):
        door = AwsDoor(None, "eu-west-1", "aws", KEYS)
        client = door.client("organizations", once=True, in_session=inside)
        shape = client.meta.service_model.shape_for("Parent")
        assert "name" not in shape.members["Id"].serialization


def test_a_call_that_would_go_elsewhere_is_stopped() -> None:
    """The last look before sending stops a request whose host is not the service's own."""
    door = AwsDoor(None, "eu-west-1", "aws", KEYS)
    arn = "arn:aws:s3:eu-west-1:111111111111:accesspoint/elsewhere"
    with pytest.raises(IntegrityError, match="not sent"):
        door.call("s3", "GetBucketPolicy", {"Bucket": arn})
