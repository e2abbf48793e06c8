"""All resources by name, in the order in which they are set up."""

from __future__ import annotations

from typing import Any

from oss_crr.resources.base import Resource
from oss_crr.resources.destination_grant import DestinationGrant
from oss_crr.resources.kms_key import KmsKey
from oss_crr.resources.kms_key_grant import KmsKeyGrant
from oss_crr.resources.kms_role_grant import KmsRoleGrant
from oss_crr.resources.role import Role
from oss_crr.resources.rule import ReplicationRule
from oss_crr.resources.source_grant import SourceGrant

RESOURCES: dict[str, Resource[Any]] = {
    resource.name: resource
    for resource in (
        Role(),
        SourceGrant(),
        DestinationGrant(),
        KmsKey(),
        KmsKeyGrant(),
        KmsRoleGrant(),
        ReplicationRule(),
    )
}
