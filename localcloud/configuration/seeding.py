"""Building the cloud that a configuration describes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from localcloud.cloud import Cloud
from localcloud.configuration.errors import ConfigError, Path
from localcloud.configuration.objects import describe
from localcloud.configuration.schema import AccountConfig, BucketConfig, Config, PolicyRef
from localcloud.errors import ServiceError
from localcloud.identity import AccessKey, Account
from localcloud.oss.arguments import check_bucket_name
from localcloud.oss.model import Bucket
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
    account.kms_instances.extend(config.kms_instances)
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


def _seed_bucket(cloud: Cloud, uid: str, config: BucketConfig) -> None:
    now = cloud.clock.now()
    with _refusals_at((*config.path, "name")):
        check_bucket_name(config.name)
    if config.name in cloud.buckets:
        raise ConfigError((*config.path, "name"), f"bucket {config.name} is declared twice")
    bucket = Bucket(config.name, uid, config.region, now, acl=config.acl)
    bucket.versioning = config.versioning
    bucket.encryption = config.encryption
    bucket.acceleration = config.acceleration
    bucket.policy = Propagating[str | None](_checked_policy(cloud, uid, config))
    cloud.buckets[config.name] = bucket
    _seed_objects(bucket, config, now)


def _checked_policy(cloud: Cloud, uid: str, config: BucketConfig) -> str | None:
    """Return the bucket's policy; like policies from before that rule, it may have a SourceIp without a SourceVpc."""
    if config.policy is not None:
        with _refusals_at((*config.path, "policy")):
            validate_bucket_policy(config.policy, config.name, uid, require_source_vpc=False)
    return config.policy


def _seed_objects(bucket: Bucket, config: BucketConfig, now: datetime) -> None:
    for description in config.objects:
        for version in describe(description, bucket.encryption, now):
            store(bucket, version, now)
