"""Policies that Alibaba Cloud provides in every account.

Documents by the vendor's descriptions; where the exact action list is not published, the nearest wording.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from localcloud.propagation import Propagating
from localcloud.ram.model import Policy, PolicyVersion

_CREATED = datetime(2015, 4, 28, 7, 3, 53, tzinfo=UTC)

#: Name, actions, description.
_DEFINITIONS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("AdministratorAccess", ("*",), "Full access to all cloud services and resources."),
    (
        "ReadOnlyAccess",
        ("*:Describe*", "*:List*", "*:Get*", "*:BatchGet*", "*:Query*", "*:BatchQuery*"),
        "Read-only access to all cloud services and resources.",
    ),
    ("AliyunOSSFullAccess", ("oss:*",), "Full access to Object Storage Service via Management Console."),
    ("AliyunOSSReadOnlyAccess", ("oss:Get*", "oss:List*"), "Read-only access to Object Storage Service."),
    ("AliyunRAMFullAccess", ("ram:*", "ims:*"), "Full access to Resource Access Management."),
    ("AliyunRAMReadOnlyAccess", ("ram:Get*", "ram:List*", "ims:Get*", "ims:List*"), "Read-only access to RAM."),
    ("AliyunSTSAssumeRoleAccess", ("sts:AssumeRole",), "Permission to call AssumeRole of STS."),
    ("AliyunKMSFullAccess", ("kms:*",), "Full access to Key Management Service."),
    ("AliyunKMSReadOnlyAccess", ("kms:Describe*", "kms:Get*", "kms:List*"), "Read-only access to KMS."),
    (
        "AliyunKMSCryptoUserAccess",
        (
            "kms:Encrypt",
            "kms:Decrypt",
            "kms:ReEncrypt",
            "kms:GenerateDataKey",
            "kms:GenerateDataKeyWithoutPlaintext",
            "kms:AsymmetricEncrypt",
            "kms:AsymmetricDecrypt",
            "kms:AsymmetricSign",
            "kms:AsymmetricVerify",
            "kms:GetPublicKey",
        ),
        "Access to the cryptographic operations of KMS.",
    ),
)


def _policy(name: str, actions: tuple[str, ...], description: str) -> Policy:
    statement = {"Action": list(actions), "Resource": "*", "Effect": "Allow"}
    document = json.dumps({"Version": "1", "Statement": [statement]})
    return Policy(
        name=name,
        type="System",
        description=description,
        created=_CREATED,
        updated=_CREATED,
        versions={"v1": PolicyVersion("v1", document, _CREATED)},
        default_version="v1",
        effective_document=Propagating[str | None](document),
    )


#: System policies by name.
SYSTEM_POLICIES = {name: _policy(name, actions, description) for name, actions, description in _DEFINITIONS}
