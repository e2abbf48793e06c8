"""Objects in OSS: listing, reading, writing and deleting them, one or a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from oss_crr.errors import ServiceUnavailable
from oss_crr.hooks import oss_xml
from oss_crr.hooks.oss_client import OssClient, OssRequest
from oss_crr.model import ObjectHead, ObjectSummary, VersionSummary, WrittenObject

#: Objects per page of a listing, the service's maximum (ListObjectsV2).
PAGE_SIZE = 1000

T = TypeVar("T")


class OssObjects:
    """The part of :class:`oss_crr.hooks.oss.OssApi` that is about objects."""

    def __init__(self, client: OssClient) -> None:
        self._client = client

    def list_objects(self, bucket: str, prefix: str = "") -> Iterator[ObjectSummary]:
        """Yield the objects whose key begins with ``prefix`` in order of their keys, a page at a time."""
        for page in self.list_pages(bucket, prefix):
            yield from page

    def list_pages(self, bucket: str, prefix: str = "", start_after: str = "") -> Iterator[tuple[ObjectSummary, ...]]:
        """Yield pages of objects in order of their keys.

        :param prefix: only keys that begin with it.
        :param start_after: only keys behind this one.
        """
        params = {"list-type": "2", "max-keys": str(PAGE_SIZE), "encoding-type": "url"}
        params |= {"prefix": prefix} if prefix else {}
        params |= {"start-after": start_after} if start_after else {}
        while True:
            page = self._read(OssRequest("GET", "oss:ListObjects", bucket, params=params), oss_xml.object_page)
            yield page.objects
            if page.next_token is None:
                return
            params = {**params, "continuation-token": page.next_token}

    def list_versions(self, bucket: str, prefix: str) -> Iterator[VersionSummary]:
        """Yield all versions and delete markers of the keys that begin with ``prefix``, a page at a time.

        In a bucket that never was versioned, each object has one version with the id ``null``.
        """
        params = {"versions": "", "max-keys": str(PAGE_SIZE), "encoding-type": "url", "prefix": prefix}
        while True:
            request = OssRequest("GET", "oss:ListObjectVersions", bucket, params=params)
            page = self._read(request, oss_xml.version_page)
            yield from page.versions
            if page.next_markers is None:
                return
            key, version_id = page.next_markers
            params = {**params, "key-marker": key, "version-id-marker": version_id}

    def head_object(self, bucket: str, key: str) -> ObjectHead:
        """Return an object's own headers.

        :raises NotFound: there is no such object.
        """
        headers = self._client.send(OssRequest("HEAD", "oss:GetObject", bucket, key)).headers
        return ObjectHead(
            key=key,
            size=int(headers["Content-Length"]),
            etag=headers["ETag"].strip('"'),
            crc64=headers.get("x-oss-hash-crc64ecma"),
            encryption=headers.get("x-oss-server-side-encryption"),
            kms_key_id=headers.get("x-oss-server-side-encryption-key-id"),
            last_modified=oss_xml.instant(headers["Last-Modified"]),
        )

    def put_object(self, bucket: str, key: str, content: bytes, *, storage_class: str | None = None) -> WrittenObject:
        """Write an object.

        :param storage_class: None for the bucket's own.
        """
        extra = {"x-oss-storage-class": storage_class} if storage_class else None
        request = OssRequest("PUT", "oss:PutObject", bucket, key, body=content, headers=extra)
        headers = self._client.send(request).headers
        return WrittenObject(
            size=len(content),
            etag=headers["ETag"].strip('"'),
            crc64=headers.get("x-oss-hash-crc64ecma"),
            version_id=headers.get("x-oss-version-id"),
            time=_time(headers),
        )

    def get_object(self, bucket: str, key: str) -> bytes:
        """Return an object's content; meant for small ones."""
        return self._client.send(OssRequest("GET", "oss:GetObject", bucket, key)).body

    def delete_object(self, bucket: str, key: str, version_id: str | None = None) -> datetime:
        """Delete an object, or one of its versions for good; none there is fine.

        In a versioned bucket, deleting without a version adds a delete marker.

        :returns: when the service did it, by its own clock in whole seconds.
        """
        action = "oss:DeleteObjectVersion" if version_id else "oss:DeleteObject"
        params = {"versionId": version_id} if version_id else None
        headers = self._client.send(OssRequest("DELETE", action, bucket, key, params=params)).headers
        return _time(headers)

    def _read(self, request: OssRequest, parse: Callable[[bytes], T]) -> T:
        body = self._client.send(request).body
        try:
            return parse(body)
        except ValueError as error:
            text = f"{request.action} on bucket `{request.bucket}` was answered with something else than OSS writes"
            raise ServiceUnavailable(f"{text}, perhaps by a proxy: {error}") from None


def _time(headers: Mapping[str, str]) -> datetime:
    """Return the service's time of an answer; this machine's when something on the way dropped it."""
    return oss_xml.instant(headers["Date"]) if "Date" in headers else datetime.now(UTC)
