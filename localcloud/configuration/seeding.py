"""Building the cloud that a configuration describes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from localcloud.cloud import Cloud
from localcloud.configuration.errors import ConfigError, Path
from localcloud.configuration.objects import describe
from localcloud.configuration.schema import AccountConfig, BucketConfig, Config, KeyConfig, KmsInstanceConfig, PolicyRef
from localcloud.errors import ServiceError
from localcloud.identity import AccessKey, Account
from localcloud.kms.backend.account import KmsAccount
from localcloud.kms.backend.aliases import create_alias
from localcloud.kms.backend.keys import LONGEST_WINDOW_DAYS, NewKey, create_key, schedule_deletion
from localcloud.kms.lookup import find_key_anywhere
from localcloud.oss.arguments import check_bucket_name
from localcloud.oss.model import Bucket, Encryption
from localcloud.oss.objects import store
from localcloud.policy.document import validate_bucket_policy
from localcloud.propagation import Propagating
from localcloud.ram.backend.account import RamAccount
from localcloud.ram.backend.attachments import Holder, attach
from localcloud.ram.backend.policies import create_policy, get_policy
from localcloud.ram.backend.roles import create_role
from localcloud.ram.backend.users import create_user
from localcloud.ram.model import RamState


def seed(cloud: Cloud, config: Config) -> None:
    """Put everything that a configuration declares into an empty cloud.

    :raises ConfigError: for what the services themselves would refuse, such as a bad name or policy.
    """
    try:
        for account in config.accounts:
            _seed_account(cloud, account)
    except ConfigError as error:
        raise ConfigError(error.path, error.problem, config.line_of(error.path)) from error


@contextmanager
def _refusals_at(path: Path) -> Iterator[None]:
    """Turn a service's refusal into a fault of the configuration."""
    try:
        yield
    except ServiceError as error:
        raise ConfigError(path, f"{error.code}: {error.message}") from error


def _seed_account(cloud: Cloud, config: AccountConfig) -> None:
    if config.uid in cloud.accounts:
        raise ConfigError((*config.path, "uid"), f"account {config.uid} is declared twice")
    account = cloud.accounts[config.uid] = Account(config.uid, RamState())
    for key in config.access_keys:
        _add_key(cloud, account.access_keys, key, config.path)
    # Declared rights are effective from the beginning, whatever the propagation delay is.
    ram = RamAccount(config.uid, account.ram, cloud.clock.now(), 0.0, cloud.behaviour.lower_case_role_arn)
    for user in config.users:
        with _refusals_at(user.path):
            holder = create_user(ram, user.name)
        for key in user.access_keys:
            _add_key(cloud, account.ram.access_keys, key, user.path)
        _attach_policies(ram, holder, user.policies)
    for role in config.roles:
        with _refusals_at(role.path):
            _attach_policies(ram, create_role(ram, role.name, role.trust_policy), role.policies)
    for instance in config.kms_instances:
        _seed_kms_instance(cloud, config.uid, instance)
    for bucket in config.buckets:
        _seed_bucket(cloud, config.uid, bucket)


def _add_key(cloud: Cloud, keys: dict[str, AccessKey], key: AccessKey, path: Path) -> None:
    if cloud.access_key(key.id) is not None:
        raise ConfigError((*path, "access_keys"), f"access key {key.id} is declared twice")
    keys[key.id] = key


def _attach_policies(ram: RamAccount, holder: Holder, refs: tuple[PolicyRef, ...]) -> None:
    """Attach policies; a document becomes a custom policy named after its holder."""
    for position, ref in enumerate(refs, start=1):
        with _refusals_at(ref.path):
            if ref.system_name is not None:
                policy = get_policy(ram, "System", ref.system_name)
            else:
                name = f"{holder.name}-{position}".replace(".", "-").replace("_", "-")
                policy = create_policy(ram, name, ref.document or "")
            attach(ram, holder, policy)


def _seed_kms_instance(cloud: Cloud, uid: str, config: KmsInstanceConfig) -> None:
    """Add an instance with its keys. An instance that is not connected has the keys it got when it was."""
    instance = replace(config.instance, created=cloud.clock.now(), status="Connected", released_shares={})
    cloud.accounts[uid].kms_instances.append(instance)
    for key in config.keys:
        _seed_key(cloud, KmsAccount.of(cloud, uid, instance.region), instance.id, key)
    instance.status = config.instance.status


def _seed_key(cloud: Cloud, account: KmsAccount, instance_id: str, config: KeyConfig) -> None:
    if config.id is not None and find_key_anywhere(cloud, config.id) is not None:
        raise ConfigError((*config.path, "id"), f"key {config.id} is declared twice")
    with _refusals_at(config.path):
        key = create_key(account, NewKey(instance_id, config.id, config.policy))
        if config.alias is not None:
            create_alias(account, config.alias, key)
        if config.state == "PendingDeletion":
            schedule_deletion(account, key, LONGEST_WINDOW_DAYS)
        key.state = config.state


def _seed_bucket(cloud: Cloud, uid: str, config: BucketConfig) -> None:
    now = cloud.clock.now()
    with _refusals_at((*config.path, "name")):
        check_bucket_name(config.name)
    if config.name in cloud.buckets:
        raise ConfigError((*config.path, "name"), f"bucket {config.name} is declared twice")
    bucket = Bucket(config.name, uid, config.region, now, acl=config.acl)
    bucket.versioning = config.versioning
    bucket.encryption = _checked_encryption(cloud, config.path, config.encryption)
    bucket.acceleration = config.acceleration
    bucket.policy = Propagating[str | None](_checked_policy(cloud, uid, config))
    cloud.buckets[config.name] = bucket
    _seed_objects(cloud, bucket, config, now)


def _checked_policy(cloud: Cloud, uid: str, config: BucketConfig) -> str | None:
    """Return the bucket's policy; like policies from before that rule, it may have a SourceIp without a SourceVpc."""
    if config.policy is not None:
        with _refusals_at((*config.path, "policy")):
            validate_bucket_policy(config.policy, config.name, uid, require_source_vpc=False)
    return config.policy


def _checked_encryption(cloud: Cloud, path: Path, encryption: Encryption | None) -> Encryption | None:
    """Return an encryption whose key is declared, in the same account or an earlier one."""
    if encryption is not None and encryption.key_id and find_key_anywhere(cloud, encryption.key_id) is None:
        raise ConfigError((*path, "encryption", "key_id"), f"there is no key {encryption.key_id}")
    return encryption


def _seed_objects(cloud: Cloud, bucket: Bucket, config: BucketConfig, now: datetime) -> None:
    for description in config.objects:
        _checked_encryption(cloud, (*config.path, "objects"), description.encryption)
        for version in describe(description, bucket.encryption, now):
            store(bucket, version, now)
