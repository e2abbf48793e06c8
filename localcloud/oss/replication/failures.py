"""Errors of the replication operations: codes and messages of "HTTP status code 400" and "404", EC pages 0031-*."""

from __future__ import annotations

from localcloud.errors import OssError
from localcloud.oss import xml


def malformed(ec: str | None = None) -> OssError:
    """Return the error for a body that is not what the operation wants."""
    return _bad_request("MalformedXML", xml.malformed().message, ec)


def missing_argument(name: str, ec: str | None = None) -> OssError:
    """Return the error for an element that must be there; only the transfer link's code is documented."""
    return _bad_request("MissingArgument", "Missing Some Required Arguments.", ec, ArgumentName=name)


def invalid_argument(name: str, value: str, ec: str | None = None) -> OssError:
    """Return the error for a value that is not allowed; only the transfer link's code is documented."""
    message = f"The value of {name} is invalid."
    return _bad_request("InvalidArgument", message, ec, ArgumentName=name, ArgumentValue=value)


def no_rule_given() -> OssError:
    """Return the error for a configuration without a rule."""
    return _bad_request("NoReplicationRule", "No replication rule specified.")


def too_many_rules() -> OssError:
    """Return the error for more than one rule in one request."""
    return _bad_request("TooManyReplicationRules", "OSS only support one replication rule now.")


def too_many_prefixes() -> OssError:
    """Return the error for more than ten prefixes."""
    return _bad_request("TooManyPrefixes", "The bucket replication rule's prefixes number is beyond limit.")


def invalid_target_bucket(ec: str | None = None) -> OssError:
    """Return the error for a destination that is missing, is the source itself, or belongs to somebody else."""
    return _bad_request("InvalidTargetBucket", "The target bucket is invalid for bucket replication.", ec)


def invalid_target_location() -> OssError:
    """Return the error for a destination that is in another region than the rule says."""
    message = "The target bucket you specified does not locate in the target location."
    return _bad_request("InvalidTargetLocation", message)


def bad_location() -> OssError:
    """Return the error for a location that does not exist or cannot be replicated to."""
    return _bad_request("BadReplicationLocation", "The replication location you choose is invalid.")


def no_location() -> OssError:
    """Return the error for a source region without partners."""
    return _bad_request("NoReplicationLocation", "The bucket does not have corresponding replication location.")


def already_exists() -> OssError:
    """Return the error for a second rule between the same buckets."""
    return _bad_request("BucketReplicationAlreadyExist", "Bucket replication already exists.", "0031-00000044")


def too_many_outgoing() -> OssError:
    """Return the error for a source bucket that has its hundred rules."""
    message = "You have attempted to create more outgoing replication for bucket than allowed."
    return _bad_request("TooManyOutgoingReplication", message)


def too_many_incoming() -> OssError:
    """Return the error for a destination bucket that has its hundred rules."""
    message = "You have attempted to create more incoming replication for bucket than allowed."
    return _bad_request("TooManyIncomingReplication", message)


def versioning_differs(code: str) -> OssError:
    """Return the error for buckets whose versioning states do not fit.

    :param code: see ``Behaviour.versioning_mismatch_code``.
    """
    message = "The versioning states of the source bucket and the destination bucket must be the same."
    return _bad_request(code, message, "0031-00000053")


def rtc_not_supported() -> OssError:
    """Return the error for regions between which Replication Time Control is not offered."""
    message = "The replication location does not support RTC."
    return _bad_request("ReplicationLocationNotSupportRtc", message, "0031-00000203")


def no_permission(code: str) -> OssError:
    """Return the error for a role that OSS cannot use for the rule.

    It tells no cause, as with the real service: whether trust, a right at the source or the grant at the destination
    is missing has to be found out otherwise.

    :param code: see ``Behaviour.replication_role_error``.
    """
    return OssError(403, code, "You are not authorized to do this action.")


def no_such_rule() -> OssError:
    """Return the error for an unknown rule id."""
    return OssError(404, "NoSuchReplicationRule", "The BucketReplicationRule you specified does not exist.")


def no_such_configuration() -> OssError:
    """Return the error for a bucket without rules."""
    message = "The bucket you specified does not have replication configuration."
    return OssError(404, "NoSuchReplicationConfiguration", message)


def _bad_request(code: str, message: str, ec: str | None = None, **details: str) -> OssError:
    return OssError(400, code, message, ec=ec, details=details)
