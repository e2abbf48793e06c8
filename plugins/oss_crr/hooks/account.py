"""One cloud account behind one Airflow connection: the entry point to all hooks."""

from __future__ import annotations

import threading
from collections.abc import Callable

from oss_crr.errors import ConnectionSetupError, CredentialsError
from oss_crr.hooks.budget import budgets_for
from oss_crr.hooks.connection import (
    AccountConfig,
    AirflowConnection,
    Credentials,
    Endpoints,
    account_config,
    is_loopback,
)
from oss_crr.hooks.kms import KmsApi
from oss_crr.hooks.oss import OssApi
from oss_crr.hooks.oss_client import OssClient
from oss_crr.hooks.ram import RamApi
from oss_crr.hooks.retry import Retrier
from oss_crr.hooks.rpc import IMS, KMS, RAM, STS, RpcClient
from oss_crr.hooks.rpc_sdk import Product
from oss_crr.hooks.sdk import CredentialSource, FixedCredentials
from oss_crr.hooks.sts import AssumedRole, caller_identity
from oss_crr.model import Identity

__all__ = [
    "Account",
    "AccountConfig",
    "AccountPool",
    "AirflowConnection",
    "Credentials",
    "Endpoints",
    "account_config",
]


class Account:
    """One cloud account. Safe to use from several threads; nothing is called or loaded before it is needed.

    :param config: settings, see :func:`account_config`.
    :param retrier: how to repeat calls; the default suits tasks.
    """

    def __init__(self, config: AccountConfig, retrier: Retrier | None = None) -> None:
        self.config = config
        self._retrier = retrier or Retrier()
        url = config.endpoints.ram_url()
        self._budgets = budgets_for(
            url, config.credentials.access_key_id, config.role_arn or "", has_quotas=not is_loopback(url)
        )
        self._lock = threading.Lock()
        self._identity_lock = threading.Lock()
        self._identity: Identity | None = None
        self._oss: dict[str, OssApi] = {}
        self._kms: dict[str, KmsApi] = {}
        self._credentials = self._credential_source()
        self._sts = self._rpc_client(STS, config.endpoints.sts_url(), self._credentials)
        self.ram = RamApi(
            self._rpc_client(RAM, config.endpoints.ram_url(), self._credentials),
            self._rpc_client(IMS, config.endpoints.ims_url(), self._credentials),
        )

    @classmethod
    def from_conn_id(cls, conn_id: str) -> Account:
        """Make the account of an Airflow connection. In a trigger, call it by ``asyncio.to_thread``.

        :raises ConnectionSetupError: there is no such connection, or it is not complete.
        """
        return cls(account_config(_airflow_connection(conn_id)))

    def __str__(self) -> str:
        """Say whose account it is, for messages."""
        name = f"connection `{self.config.conn_id}`"
        return f"{name} ({self._identity.arn})" if self._identity else name

    @property
    def allowed_destinations(self) -> frozenset[str]:
        """Return the UIDs of the accounts that data of this account may be sent to; empty for any."""
        return self.config.allowed_destination_uids

    def identity(self) -> Identity:
        """Return who the credentials belong to; asked once.

        :raises CredentialsError: they were not accepted, or belong to another account than ``account_uid`` says.
        """
        with self._identity_lock:
            if self._identity is None:
                self._identity = self._checked(caller_identity(self._sts))
            return self._identity

    def oss(self, region: str) -> OssApi:
        """Return OSS in a region, such as ``cn-hangzhou``."""
        with self._lock:
            if region not in self._oss:
                url = self.config.endpoints.oss_url(region)
                client = OssClient(region, url, self._credentials, self.__str__, self._retrier, self._budgets)
                self._oss[region] = OssApi(client)
            return self._oss[region]

    def kms(self, region: str) -> KmsApi:
        """Return KMS in a region, such as ``cn-hangzhou``."""
        with self._lock:
            if region not in self._kms:
                url = self.config.endpoints.kms_url(region)
                self._kms[region] = KmsApi(self._rpc_client(KMS, url, self._credentials, region))
            return self._kms[region]

    def _checked(self, identity: Identity) -> Identity:
        expected = self.config.account_uid
        if expected and identity.account_uid != expected:
            raise CredentialsError(
                f"connection `{self.config.conn_id}` belongs to account {identity.account_uid}, "
                f"but its account_uid says {expected}: use the other account's key, or correct account_uid"
            )
        return identity

    def _credential_source(self) -> CredentialSource:
        own = FixedCredentials(self.config.credentials)
        if self.config.role_arn is None:
            return own
        sts = self._rpc_client(STS, self.config.endpoints.sts_url(), own)
        return AssumedRole(sts, self.config.role_arn, mask=_mask_in_logs)

    def _rpc_client(self, product: Product, url: str, credentials: CredentialSource, region: str = "") -> RpcClient:
        return RpcClient(product, url, credentials, self.__str__, self._retrier, self._budgets, region)


class AccountPool:
    """One account for each connection id, made when it is first asked for. Safe to use from several threads.

    Calls for the same account share connections and identity that way.

    :param load: makes the account of a connection id.
    """

    def __init__(self, load: Callable[[str], Account] = Account.from_conn_id) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._accounts: dict[str, Account] = {}

    def get(self, conn_id: str) -> Account:
        """Return the account of an Airflow connection.

        :raises ConnectionSetupError: there is no such connection, or it is not complete.
        """
        with self._lock:
            if conn_id not in self._accounts:
                self._accounts[conn_id] = self._load(conn_id)
            return self._accounts[conn_id]


def _airflow_connection(conn_id: str) -> AirflowConnection:
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        connection: AirflowConnection = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        raise ConnectionSetupError(
            f"connection `{conn_id}` does not exist: create it under Admin, Connections, with type `alibaba_cloud`, "
            "or choose another connection id"
        ) from None
    return connection


def _mask_in_logs(secret: str) -> None:
    """Have Airflow hide a secret it has not seen itself. Outside of Airflow there is nobody to tell."""
    try:
        from airflow.sdk.log import mask_secret
    except ImportError:
        return
    mask_secret(secret)
