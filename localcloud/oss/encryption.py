"""The default encryption of a bucket, in the two documents that show it."""

from __future__ import annotations

from localcloud.oss import xml
from localcloud.oss.model import Encryption
from localcloud.oss.object_headers import encryption


def parse_rule(body: bytes) -> Encryption:
    """Read a ServerSideEncryptionRule document.

    :raises OssError: 400 MalformedXML, InvalidEncryptionAlgorithmError or InvalidArgument.
    """
    root = xml.parse(body, "ServerSideEncryptionRule")
    default = root.find("ApplyServerSideEncryptionByDefault")
    if default is None:
        raise xml.malformed()
    return encryption(
        xml.required(default, "SSEAlgorithm"), default.findtext("KMSMasterKeyID"), default.findtext("KMSDataEncryption")
    )


def rule_element(setting: Encryption) -> str:
    """Return the ServerSideEncryptionRule document of GetBucketEncryption."""
    return xml.element(
        "ServerSideEncryptionRule", xml.element("ApplyServerSideEncryptionByDefault", *_elements(setting))
    )


def info_element(setting: Encryption | None) -> str:
    """Return the ServerSideEncryptionRule element of GetBucketInfo, which says None where there is no default."""
    children = (xml.text("SSEAlgorithm", "None"),) if setting is None else _elements(setting)
    return xml.element("ServerSideEncryptionRule", *children)


def _elements(setting: Encryption) -> tuple[str, ...]:
    return (
        xml.text("SSEAlgorithm", setting.algorithm),
        xml.optional("KMSMasterKeyID", setting.key_id),
        xml.optional("KMSDataEncryption", setting.data_algorithm),
    )
