"""Which host may be spoken to: AWS's own over TLS, or a sandbox on this machine, never another.

Facts that decide come from the endpoint, so a configured one must not be able to replace AWS.
"""

import ipaddress
import re
from collections.abc import Mapping
from functools import cache
from typing import Literal
from urllib.parse import urlsplit

from botocore.exceptions import UnknownRegionError
from botocore.loaders import Loader
from botocore.regions import EndpointResolver
from botocore.session import Session

from orgroot.errors import IntegrityError, UsageError

EndpointKind = Literal["aws", "sandbox"]

_VARIABLE = "AWS_ENDPOINT_URL"
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+")


def checked_region(region: str | None) -> str:
    """A Region with Regional endpoints.

    Raises:
        UsageError: none is configured, or it is a pseudo Region such as `aws-global`.
    """
    if not region:
        raise UsageError(
            "no AWS Region is configured",
            hint="set organization.region in the configuration, --region, or AWS_DEFAULT_REGION",
            code="region",
        )
    if _REGION.fullmatch(region) is None or region.startswith("fips-") or region.endswith("-fips"):
        raise UsageError(
            f"{region!r} is not a Region with a Regional STS endpoint",
            hint="sts:AssumeRoot exists on Regional endpoints only: name one such as eu-west-1",
            code="region",
        )
    return region


def configured_endpoints(session: Session, environ: Mapping[str, str]) -> dict[str, str]:
    """Every endpoint URL that environment or AWS config would set, by where it is set.

    See "Service-specific endpoints" in the AWS SDKs and Tools reference guide.
    """
    found = {
        name: value
        for name, value in environ.items()
        if value and (name == _VARIABLE or name.startswith(f"{_VARIABLE}_"))
    }
    scoped = session.get_scoped_config()
    if scoped.get("endpoint_url"):
        found["endpoint_url in the AWS config file"] = scoped["endpoint_url"]
    section = scoped.get("services")
    services = session.full_config.get("services", {}).get(section, {}) if section else {}
    for service, settings in services.items():
        if isinstance(settings, dict) and settings.get("endpoint_url"):
            found[f"endpoint_url of {service} in the AWS config file"] = settings["endpoint_url"]
    return found


def endpoint_url(
    kind: EndpointKind | None, session: Session, environ: Mapping[str, str]
) -> str | None:
    """The sandbox's URL, or None for AWS itself.

    Args:
        kind: what the log was created for; None: no log (observer mode).
        session: a botocore session, for its config file.
        environ: the environment.

    Raises:
        IntegrityError: what is configured does not agree with the kind.
    """
    configured = configured_endpoints(session, environ)
    strangers = {name: url for name, url in configured.items() if not is_loopback(url)}
    general = configured.get(_VARIABLE) or configured.get("endpoint_url in the AWS config file")
    if kind == "aws" and configured:
        name, url = next(iter(configured.items()))
        raise IntegrityError(
            f"this log belongs to AWS itself, but {name} points to {url}",
            hint="unset it: orgroot speaks to AWS's own endpoints only",
            code="endpoint",
        )
    if strangers:
        name, url = next(iter(strangers.items()))
        raise IntegrityError(
            f"{name} points to {url}, which is neither AWS nor on this machine",
            hint="unset it",
            code="endpoint",
        )
    if kind == "sandbox" and _VARIABLE not in configured:
        raise IntegrityError(
            f"this log belongs to a sandbox, but {_VARIABLE} is not set",
            hint='run `eval "$(orgroot sandbox env --as NAME)"` first',
            code="endpoint",
        )
    if kind is None and configured and general is None:
        raise IntegrityError(
            f"{next(iter(configured))} sets the endpoint of one service only",
            hint=f"unset it, or set {_VARIABLE} for all of a sandbox",
            code="endpoint",
        )
    return general


def is_loopback(url: str) -> bool:
    """The URL is http(s) and names this machine itself."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"}:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def own_host(service: str, region: str, *, fips: bool) -> str:
    """The host that the data inside the botocore package names for a service and Region.

    Raises:
        UsageError: the service has no endpoint there.
    """
    resolver = _resolver()
    partition = _partition(resolver, region)
    found = resolver.construct_endpoint(
        service, region, partition_name=partition, use_fips_endpoint=fips
    )
    if not found:
        raise UsageError(f"botocore knows no endpoint of {service} in {region}", code="region")
    return str(found["hostname"])


def _partition(resolver: EndpointResolver, region: str) -> str:
    try:
        return str(resolver.get_partition_for_region(region))
    except UnknownRegionError as error:
        raise UsageError(f"{region!r} is not an AWS Region", code="region") from error


@cache
def _resolver() -> EndpointResolver:
    return EndpointResolver(packaged_models().load_data("endpoints"))


@cache
def packaged_models() -> Loader:
    """The models inside the botocore package: what services are called, and what answers mean.

    Those in `~/.aws/models` and AWS_DATA_PATH, which botocore prefers, are not looked at: they
    could name any host, and read an account's OU from any field.
    """
    return Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)


def require_own_host(url: str, host: str) -> None:
    """Refuse a request that would not go to AWS's own host (or a bucket's below it) over TLS.

    Raises:
        IntegrityError: another host, or no TLS.
    """
    parts = urlsplit(url)
    actual = parts.hostname or ""
    if parts.scheme == "https" and (actual == host or actual.endswith(f".{host}")):
        return
    raise IntegrityError(
        f"a call for {host} was about to go to {parts.scheme}://{actual}; it was not sent",
        hint="look for endpoint settings in the environment and in the AWS config file",
        code="endpoint",
    )
