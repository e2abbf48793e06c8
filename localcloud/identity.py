"""Accounts, their access keys, and who a verified request comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from localcloud.kms.model import KmsInstance, KmsState

if TYPE_CHECKING:
    from localcloud.ram.model import RamState

CallerKind = Literal["anonymous", "account", "ram_user", "assumed_role"]


@dataclass
class AccessKey:
    """A key pair of an account (``user_name`` None) or of one of its RAM users."""

    id: str
    secret: str
    account_uid: str
    user_name: str | None = None
    active: bool = True
    #: None for keys that the configuration declares.
    created: datetime | None = None


@dataclass(frozen=True)
class RoleSession:
    """Temporary credentials from AssumeRole."""

    access_key_id: str
    secret: str
    security_token: str
    account_uid: str
    role_name: str
    role_id: str
    session_name: str
    expires: datetime
    #: The session policy given to AssumeRole, as JSON text.
    policy: str | None = None


@dataclass(frozen=True)
class Caller:
    """The verified sender of a request.

    :param kind: what sort of identity it is.
    :param account_uid: the account it belongs to; empty for anonymous requests.
    :param name: RAM user name or role name, as created (case kept); empty otherwise.
    :param principal_id: UID of the RAM user or id of the role; the account's UID for the account itself.
    :param session_name: session name of an assumed role.
    :param session_policy: JSON text of the session policy, if any.
    """

    kind: CallerKind
    account_uid: str = ""
    name: str = ""
    principal_id: str = ""
    session_name: str = ""
    session_policy: str | None = None
    access_key_id: str = ""

    @property
    def arn(self) -> str:
        """Return the ARN as GetCallerIdentity answers it."""
        tail = {
            "anonymous": "anonymous",
            "account": "root",
            "ram_user": f"user/{self.name}",
            "assumed_role": f"assumed-role/{self.name}/{self.session_name}",
        }[self.kind]
        return f"acs:ram::{self.account_uid}:{tail}"


ANONYMOUS = Caller(kind="anonymous")


@dataclass
class Account:
    """One Alibaba Cloud account: its UID, its root keys and its RAM state."""

    uid: str
    ram: RamState
    #: Root access keys by id. Keys of RAM users live with the user in ``ram``.
    access_keys: dict[str, AccessKey] = field(default_factory=dict)
    kms_instances: list[KmsInstance] = field(default_factory=list)
    kms: KmsState = field(default_factory=KmsState)
