"""What a configuration may say, as plain data."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import cast

from localcloud.behaviour import Behaviour
from localcloud.configuration.errors import Path
from localcloud.configuration.section import Section
from localcloud.identity import AccessKey
from localcloud.kms.model import KeyState, KmsInstance
from localcloud.oss.arguments import BUCKET_ACLS
from localcloud.oss.model import Encryption, VersioningState
from localcloud.oss.regions import FINANCE, MAINLAND, OUTSIDE

_REGIONS = (*MAINLAND, *OUTSIDE, *FINANCE)
_KMS_STATUSES = ("Connected", "Connecting", "Disconnected", "Uninitialized")


@dataclass(frozen=True)
class GeneratedObjects:
    """Objects to invent: ``<prefix>object-00001`` and so on.

    :param size: bytes of each.
    :param encryption: None for the bucket's default.
    """

    count: int
    size: int
    prefix: str
    encryption: Encryption | None = None


@dataclass(frozen=True)
class FolderObjects:
    """Files to take as objects, with their path below ``folder`` as the key behind ``prefix``.

    :param encryption: None for the bucket's default.
    """

    folder: FilePath
    prefix: str
    encryption: Encryption | None = None


@dataclass(frozen=True)
class PolicyRef:
    """A policy of a user or role: a system policy's name, or a document (JSON text) of its own."""

    path: Path
    system_name: str | None = None
    document: str | None = None


@dataclass(frozen=True)
class UserConfig:
    """A RAM user."""

    path: Path
    name: str
    access_keys: tuple[AccessKey, ...]
    policies: tuple[PolicyRef, ...]


@dataclass(frozen=True)
class RoleConfig:
    """A RAM role; ``trust_policy`` is JSON text."""

    path: Path
    name: str
    trust_policy: str
    policies: tuple[PolicyRef, ...]


@dataclass(frozen=True)
class BucketConfig:
    """A bucket; ``policy`` is JSON text."""

    path: Path
    name: str
    region: str
    acl: str
    versioning: VersioningState
    encryption: Encryption | None
    policy: str | None
    acceleration: bool | None
    objects: tuple[GeneratedObjects | FolderObjects, ...]


@dataclass(frozen=True)
class KeyConfig:
    """A key in a KMS instance.

    :param id: None for one that is made up.
    :param alias: with the prefix ``alias/``; None for none.
    :param policy: JSON text; None for the default policy.
    """

    path: Path
    id: str | None
    alias: str | None
    state: KeyState
    policy: str | None


@dataclass(frozen=True)
class KmsInstanceConfig:
    """A KMS instance with its keys."""

    path: Path
    instance: KmsInstance
    keys: tuple[KeyConfig, ...]


@dataclass(frozen=True)
class AccountConfig:
    """One Alibaba Cloud account."""

    path: Path
    uid: str
    access_keys: tuple[AccessKey, ...]
    users: tuple[UserConfig, ...]
    roles: tuple[RoleConfig, ...]
    buckets: tuple[BucketConfig, ...]
    kms_instances: tuple[KmsInstanceConfig, ...]


@dataclass(frozen=True)
class Config:
    """The whole configuration.

    :param line_of: finds the line of a place in the file that the configuration came from.
    """

    accounts: tuple[AccountConfig, ...]
    behaviour: Behaviour
    line_of: Callable[[Path], int | None] = field(default=lambda _: None, compare=False)

    def new_behaviour(self) -> Behaviour:
        """Return the settings for a new cloud, which may change them."""
        return dataclasses.replace(self.behaviour)


def read_config(value: object, folder: FilePath) -> Config:
    """Read a configuration.

    :param value: the parsed YAML.
    :param folder: where relative paths in it begin.
    :raises ConfigError: with the place of the first fault.
    """
    root = Section({} if value is None else value)
    accounts = tuple(_account(section, folder) for section in root.sections("accounts"))
    behaviour = read_behaviour(root.section("behaviour"), Behaviour())
    root.finish()
    return Config(accounts, behaviour)


def read_behaviour(section: Section | None, defaults: Behaviour) -> Behaviour:
    """Return ``defaults`` with the settings that a section gives.

    :raises ConfigError: for an unknown setting or a value of the wrong type.
    """
    if section is None:
        return defaults
    values = {field.name: _setting(section, field.name, defaults) for field in dataclasses.fields(Behaviour)}
    section.finish()
    return Behaviour(**values)  # type: ignore[arg-type] # each value has the type of its default


def _setting(section: Section, name: str, defaults: Behaviour) -> bool | int | float | str | None:
    default = getattr(defaults, name)
    if isinstance(default, bool):
        return section.boolean(name, default)
    if isinstance(default, int):
        return section.integer(name, default)
    if isinstance(default, float):
        return section.number(name, default)
    return section.text(name, cast("str", default))


def _account(section: Section, folder: FilePath) -> AccountConfig:
    uid = section.text("uid")
    if not uid.isdigit():
        raise section.error("uid", f"expected digits only, not {uid!r}")
    account = AccountConfig(
        path=section.path,
        uid=uid,
        access_keys=_access_keys(section, uid, None),
        users=tuple(_user(entry, uid) for entry in section.sections("users")),
        roles=tuple(_role(entry) for entry in section.sections("roles")),
        buckets=tuple(_bucket(entry, folder) for entry in section.sections("buckets")),
        kms_instances=tuple(_kms_instance(entry) for entry in section.sections("kms_instances")),
    )
    section.finish()
    return account


def _access_keys(section: Section, uid: str, user_name: str | None) -> tuple[AccessKey, ...]:
    keys = []
    for entry in section.sections("access_keys"):
        active = entry.boolean("active", True) is True
        keys.append(AccessKey(entry.text("id"), entry.text("secret"), uid, user_name, active))
        entry.finish()
    return tuple(keys)


def _user(section: Section, uid: str) -> UserConfig:
    name = section.text("name")
    user = UserConfig(section.path, name, _access_keys(section, uid, name), _policies(section))
    section.finish()
    return user


def _role(section: Section) -> RoleConfig:
    trust_policy = _document(section, "trust_policy")
    if trust_policy is None:
        raise section.error("trust_policy", "is required")
    role = RoleConfig(section.path, section.text("name"), trust_policy, _policies(section))
    section.finish()
    return role


def _policies(section: Section) -> tuple[PolicyRef, ...]:
    """Read a list whose entries are names of system policies or documents."""
    refs = []
    for entry, path in section.items("policies"):
        if isinstance(entry, str):
            refs.append(PolicyRef(path, system_name=entry))
        else:
            Section(entry, path)
            refs.append(PolicyRef(path, document=json.dumps(entry)))
    return tuple(refs)


def _bucket(section: Section, folder: FilePath) -> BucketConfig:
    bucket = BucketConfig(
        path=section.path,
        name=section.text("name"),
        region=section.choice("region", _REGIONS, section.text("region")),
        acl=section.choice("acl", BUCKET_ACLS, "private"),
        versioning=cast("VersioningState", section.choice("versioning", ("", "Enabled", "Suspended"), "")),
        encryption=_encryption(section.section("encryption")),
        policy=_document(section, "policy"),
        acceleration=section.boolean("acceleration", None),
        objects=_objects(section, folder),
    )
    section.finish()
    return bucket


def _encryption(section: Section | None) -> Encryption | None:
    if section is None:
        return None
    algorithm = section.choice("algorithm", ("AES256", "SM4", "KMS"), section.text("algorithm"))
    encryption = Encryption(algorithm, section.text("key_id", "") or None, section.text("data_algorithm", "") or None)
    section.finish()
    return encryption


def _objects(section: Section, folder: FilePath) -> tuple[GeneratedObjects | FolderObjects, ...]:
    """Read one description of objects, or a list of them."""
    if isinstance(section.raw("objects"), list):
        return tuple(_object_set(entry, folder) for entry in section.sections("objects"))
    entry = section.section("objects")
    return () if entry is None else (_object_set(entry, folder),)


def _object_set(section: Section, folder: FilePath) -> GeneratedObjects | FolderObjects:
    prefix, encryption = section.text("prefix", ""), _encryption(section.section("encryption"))
    found: GeneratedObjects | FolderObjects
    if section.has("folder"):
        found = FolderObjects(folder / section.text("folder"), prefix, encryption)
        if not found.folder.is_dir():
            raise section.error("folder", f"there is no folder {found.folder}")
    else:
        found = GeneratedObjects(section.integer("count"), section.integer("size", 1024), prefix, encryption)
    section.finish()
    return found


def _kms_instance(section: Section) -> KmsInstanceConfig:
    instance = KmsInstance(
        id=section.text("id"),
        region=section.choice("region", _REGIONS, section.text("region")),
        status=section.choice("status", _KMS_STATUSES, "Connected"),
        access_management_quantity=section.integer("access_management_quantity", 5),
    )
    config = KmsInstanceConfig(section.path, instance, tuple(_key(entry) for entry in section.sections("keys")))
    section.finish()
    return config


def _key(section: Section) -> KeyConfig:
    key = KeyConfig(
        path=section.path,
        id=section.text("id", "") or None,
        alias=section.text("alias", "") or None,
        state=cast("KeyState", section.choice("state", ("Enabled", "Disabled", "PendingDeletion"), "Enabled")),
        policy=_document(section, "policy"),
    )
    section.finish()
    return key


def _document(section: Section, name: str) -> str | None:
    """Read a policy document given as a mapping or as JSON text."""
    value = section.raw(name)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return json.dumps(value)
    raise section.error(name, "expected a policy document, as a mapping or as JSON text")
