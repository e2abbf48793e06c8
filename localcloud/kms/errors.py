"""The error answers of KMS (the API pages' "Error codes"; KMS page "Common error codes")."""

from __future__ import annotations

from localcloud.errors import RpcError
from localcloud.identity import Caller
from localcloud.policy.denial import access_denied_detail
from localcloud.policy.evaluate import Decision

#: Status and message by code.
_ANSWERS: dict[str, tuple[int, str]] = {
    "InvalidParameter": (400, "The specified parameter is not valid."),
    "UnsupportedOperation": (400, "This action is not supported."),
    "Rejected.LimitExceeded": (400, "The request was rejected because user create resource limit was exceeded"),
    "Rejected.ShareQuotaExceedLimit": (400, "Instance Share Quota Exceed Limit."),
    "Forbidden.DKMSInstanceNotFound": (403, "The specified DKMS Instance is not found."),
    "Forbidden.DKMSInstanceStateInvalid": (403, "The DKMS instance state is invalid."),
    "Forbidden.KeyNotFound": (404, "The specified Key is not found."),
    "Forbidden.AliasNotFound": (404, "The specified Alias is not found."),
    "Forbidden.ResourceNotFound": (404, "The resource is not found."),
    "Rejected.Disabled": (409, "The request was rejected because the key state is Disabled."),
    "Rejected.PendingDeletion": (409, "The request was rejected because the key state is PendingDeletion."),
    "Rejected.PendingImport": (409, "The request was rejected because the key state is PendingImport."),
    "Rejected.StateModifiedFailed": (409, "The request was rejected because the key state can not be modified."),
}


def kms_error(code: str) -> RpcError:
    """Make the answer that goes with an error code."""
    status, message = _ANSWERS[code]
    return RpcError(status, code, message)


def exists(code: str) -> RpcError:
    """Make the answer to an alias that is taken.

    :param code: see ``Behaviour.kms_alias_exists_code``.
    """
    return RpcError(409, code, "The resource already exists.")


def missing(parameter: str) -> RpcError:
    """Make the answer to an absent parameter."""
    return RpcError(400, "MissingParameter", f"The parameter {parameter} needed but no provided.")


def invalid() -> RpcError:
    """Make the answer to a parameter that is not valid; KMS does not tell which."""
    return kms_error("InvalidParameter")


def no_permission(caller: Caller, action: str, decision: Decision, status: int) -> RpcError:
    """Make the answer to a caller without the right.

    :param status: see ``Behaviour.kms_no_permission_status``.
    """
    explicit = decision is Decision.EXPLICIT_DENY
    detail = access_denied_detail(caller, action, explicit=explicit, policy_type="AccountLevelIdentityBasedPolicy")
    message = "This operation is forbidden by permission system."
    return RpcError(status, "Forbidden.NoPermission", message, details={"AccessDeniedDetail": detail})
