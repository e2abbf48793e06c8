"""The error answers of RAM (RAM page "Error messages")."""

from __future__ import annotations

from localcloud.errors import RpcError

#: Status and message by code.
_ANSWERS: dict[str, tuple[int, str]] = {
    "EntityNotExist.User": (404, "The user does not exist."),
    "EntityNotExist.User.AccessKey": (404, "The user access key does not exist."),
    "EntityNotExist.User.Policy": (404, "The indicate policy of the user does not exist."),
    "EntityNotExist.Role": (404, "The role does not exist."),
    "EntityNotExist.Role.Policy": (404, "The indicate policy of the role does not exist."),
    "EntityNotExist.Policy": (404, "The policy does not exist."),
    "EntityNotExist.Policy.Version": (404, "The policy version does not exist."),
    "EntityAlreadyExists.User": (409, "The user does already EXIST."),
    "EntityAlreadyExists.User.Policy": (409, "The user has already been attached this policy."),
    "EntityAlreadyExists.Role": (409, "The role does already EXIST."),
    "EntityAlreadyExists.Role.Policy": (409, "The role has already been attached this policy."),
    "EntityAlreadyExists.Policy": (409, "The policy does already EXIST."),
    "DeleteConflict.User.AccessKey": (409, "The user CAN NOT has any access key while deleting the user."),
    "DeleteConflict.User.Policy": (409, "The user CAN NOT has any attached policy while deleting the user."),
    "DeleteConflict.Role.Policy": (409, "The role CAN NOT has any attached policy while deleting the role."),
    "DeleteConflict.Policy.User": (409, "The policy CAN NOT been attached to any user while deleting the policy."),
    "DeleteConflict.Policy.Version": (409, "The policy CAN NOT has any version except the default version."),
    "DeleteConflict.Policy.Version.Default": (409, "The default policy version CAN NOT been deleted directly."),
    "LimitExceeded.User": (409, "The count of users beyond the current limits."),
    "LimitExceeded.User.AccessKey": (409, "The access key count of the user access keys beyond the current limits."),
    "LimitExceeded.User.Policy": (409, "The policy count of the user attached policies beyond the current limits."),
    "LimitExceeded.Role": (409, "The count of roles beyond the current limits."),
    "LimitExceeded.Role.Policy": (409, "The count of policies attached to the role beyond the current limits."),
    "LimitExceeded.Policy": (409, "The count of policy beyond the current limits."),
    "LimitExceeded.Policy.Version": (409, "The count of policy version beyond the current limits."),
}


def ram_error(code: str) -> RpcError:
    """Make the answer that goes with an error code."""
    status, message = _ANSWERS[code]
    return RpcError(status, code, message)


def invalid_chars(parameter: str) -> RpcError:
    """Make the answer to characters that a parameter must not have."""
    return RpcError(
        400, f"InvalidParameter.{parameter}.InvalidChars", f'The parameter - "{parameter}" contains invalid chars.'
    )


def too_long(parameter: str) -> RpcError:
    """Make the answer to a parameter beyond its length."""
    return RpcError(
        400, f"InvalidParameter.{parameter}.Length", f'The parameter - "{parameter}" beyond the length limit.'
    )


def wrong_format(parameter: str) -> RpcError:
    """Make the answer to a malformed parameter."""
    return RpcError(
        400, f"InvalidParameter.{parameter}.Format", f'The format of the parameter - "{parameter}" is incorrect.'
    )


def incorrect(parameter: str) -> RpcError:
    """Make the answer to a parameter that is none of the values allowed."""
    return RpcError(400, f"InvalidParameter.{parameter}", f'The parameter - "{parameter}" is incorrect.')


def malformed_policy(reason: str) -> RpcError:
    """Make the answer to a document that is no policy."""
    return RpcError(400, "MalformedPolicyDocument", reason)
