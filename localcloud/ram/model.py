"""Users, roles and policies of one account: RAM state without any HTTP in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from localcloud.identity import AccessKey
from localcloud.propagation import Propagating

PolicyType = Literal["Custom", "System"]


@dataclass
class PolicyVersion:
    """One version of a custom policy."""

    id: str
    document: str
    created: datetime


@dataclass
class Policy:
    """A managed policy.

    ``effective_document`` follows the default version with the propagation delay; reads use the versions.
    """

    name: str
    type: PolicyType
    description: str
    created: datetime
    updated: datetime
    versions: dict[str, PolicyVersion]
    default_version: str
    effective_document: Propagating[str | None]
    next_version: int = 2


@dataclass(frozen=True)
class Attachment:
    """A policy attached to a user or role."""

    policy_name: str
    policy_type: PolicyType
    attached: datetime


@dataclass
class User:
    """A RAM user."""

    name: str
    id: str
    created: datetime
    display_name: str = ""
    attachments: Propagating[tuple[Attachment, ...]] = field(
        default_factory=lambda: Propagating[tuple[Attachment, ...]](())
    )


@dataclass
class Role:
    """A RAM role; names are matched without regard to case, and kept as created."""

    name: str
    id: str
    arn: str
    description: str
    created: datetime
    updated: datetime
    trust_policy: Propagating[str]
    max_session_seconds: int = 3600
    attachments: Propagating[tuple[Attachment, ...]] = field(
        default_factory=lambda: Propagating[tuple[Attachment, ...]](())
    )


@dataclass
class RamState:
    """Everything RAM knows about one account."""

    users: dict[str, User] = field(default_factory=dict)
    #: Access keys of RAM users, by id.
    access_keys: dict[str, AccessKey] = field(default_factory=dict)
    #: Roles by lower-case name.
    roles: dict[str, Role] = field(default_factory=dict)
    #: Custom policies by name. System policies are the same for every account and live in ``system_policies``.
    policies: dict[str, Policy] = field(default_factory=dict)
