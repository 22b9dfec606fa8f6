"""Versions as S3 keeps and lists them: every version and delete marker, newest first, in pages.

moto copies every object of the bucket for each page, begins a page at the marker's own key, and
puts no delete marker where nothing was.
"""

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

from moto.s3.models import FakeDeleteMarker, FakeKey, s3_backends

from orgroot.sandbox.data_plane import DataPlane
from orgroot.sandbox.model import ApiError

_MAX_KEYS = 1000


def list_object_versions(data_plane: DataPlane, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answer ListObjectVersions.

    Raises:
        ApiError: no such bucket, or a parameter that S3 does not take.
    """
    bucket = str(params["Bucket"])
    found = s3_backends.bucket_accounts.get(bucket)
    if found is None:
        raise ApiError("NoSuchBucket", "The specified bucket does not exist", 404)
    size = min(_size(params.get("MaxKeys")), data_plane.version_page)
    spell = _spelling(params.get("EncodingType"))
    after, version_after = params.get("KeyMarker") or "", params.get("VersionIdMarker") or ""
    if version_after and not after:
        text = "A version-id marker cannot be specified without a key marker."
        raise ApiError("InvalidArgument", text, 400)
    prefix, delimiter = str(params.get("Prefix") or ""), str(params.get("Delimiter") or "")
    answer: dict[str, Any] = {
        "Name": bucket,
        "Prefix": spell(prefix),
        "KeyMarker": spell(after),
        "VersionIdMarker": version_after,
        "MaxKeys": size,
        "IsTruncated": False,
        "Versions": [],
        "DeleteMarkers": [],
        "CommonPrefixes": [],
    }
    if delimiter:
        answer["Delimiter"] = spell(delimiter)
    if params.get("EncodingType"):
        answer["EncodingType"] = "url"
    last: tuple[str, str] | None = None
    with data_plane.locked("s3"):
        keys = s3_backends[found[1]][found[0]].buckets[bucket].keys
        for item in _items(keys, prefix, delimiter, after, version_after):
            if size == 0:
                break
            if sum(len(answer[name]) for name in _LISTS) == size:
                answer["IsTruncated"] = True
                break
            last = _add(answer, item, spell)
    if answer["IsTruncated"] and last is not None:
        answer["NextKeyMarker"] = spell(last[0])
        if last[1]:
            answer["NextVersionIdMarker"] = last[1]
    return answer


def delete_nothing(data_plane: DataPlane, params: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Answer DeleteObject of a key that has no version: S3 puts a delete marker there all the same.

    None where something is there, or the bucket keeps no versions: that is moto's turn.
    """
    found = s3_backends.bucket_accounts.get(str(params["Bucket"]))
    if found is None or params.get("VersionId"):
        return None
    with data_plane.locked("s3"):
        bucket = s3_backends[found[1]][found[0]].buckets[str(params["Bucket"])]
        key = str(params["Key"])
        if not bucket.is_versioned or key in bucket.keys:
            return None
        marker = FakeDeleteMarker(SimpleNamespace(name=key))  # type: ignore[arg-type] # its name is all
        bucket.keys[key] = marker
    return {"DeleteMarker": True, "VersionId": marker.version_id}


_LISTS = ("Versions", "DeleteMarkers", "CommonPrefixes")


def _items(
    keys: Any, prefix: str, delimiter: str, after: str, version_after: str
) -> Iterator[tuple[str, Any, bool]]:
    """Key, version (None: the key is a common prefix) and whether it is the latest, in order."""
    told = ""
    for key in sorted(key for key in dict.keys(keys) if key.startswith(prefix)):
        if delimiter:
            head, found, _ = key.removeprefix(prefix).partition(delimiter)
            if found:
                common = f"{prefix}{head}{found}"
                if common != told and common > after:
                    yield common, None, False
                told = common
                continue
        if key < after or (key == after and not version_after):
            continue
        begun = key != after
        for number, version in enumerate(reversed(keys.getlist(key, []))):
            if begun:
                yield key, version, number == 0
            begun = begun or str(version.version_id) == version_after


def _add(answer: dict[str, Any], item: tuple[str, Any, bool], spell: Any) -> tuple[str, str]:
    key, version, latest = item
    if version is None:
        answer["CommonPrefixes"].append({"Prefix": spell(key)})
        return key, ""
    about: dict[str, Any] = {
        "Key": spell(key),
        "VersionId": str(version.version_id),
        "IsLatest": latest,
        "LastModified": version.last_modified,
    }
    if isinstance(version, FakeKey):
        more = {"ETag": version.etag, "Size": version.size, "StorageClass": version.storage_class}
        answer["Versions"].append(about | more)
    else:
        answer["DeleteMarkers"].append(about)
    return key, about["VersionId"]


def _size(text: Any) -> int:
    size = _MAX_KEYS if text is None else int(text)
    if size < 0:
        raise ApiError("InvalidArgument", "Argument maxKeys must be an integer from 0", 400)
    return min(size, _MAX_KEYS)


def _spelling(encoding: Any) -> Any:
    if encoding is None:
        return str
    if encoding != "url":
        raise ApiError("InvalidArgument", "Invalid Encoding Method specified in Request", 400)
    return quote
