"""Everything that can go wrong, as one tree.

OssCrrError
├── PermanentError              a retry cannot help; somebody has to change something
│   ├── InputError              (also a ValueError) a parameter or inventory value is wrong
│   │   └── InventoryError      the file of pairs cannot be used; each problem with its file and line
│   ├── ConnectionSetupError    (also a ValueError) an Airflow connection is missing or incomplete
│   ├── TemplateError           a policy template cannot be rendered
│   ├── PolicyError             a policy document cannot be read, or would break a limit
│   ├── PreflightError          at least one check before the first write failed
│   ├── CredentialsError        a key is unknown, disabled, expired, or of another account
│   ├── PermissionDenied        the service refused: a right is missing
│   ├── NotFound                a bucket, role, policy, key or rule does not exist
│   ├── Conflict                what is there contradicts what was asked for
│   │   └── AlreadyExists       what was to be created is there; read it again and compare
│   ├── LimitReached            a quota of the service is used up
│   ├── RequestRejected         the service refused the request for another reason (other 4xx)
│   ├── RuleVanished            the replication rule was removed while it was waited for
│   ├── HistoryTimeout          historical data was not complete in time
│   ├── ClosingTimeout          a deleted rule is still there after all the waiting
│   ├── VerificationFailed      the destination does not hold what it should
│   └── ReplicationBroken       pairs do not replicate as they were asked to, or nothing could be verified
└── TransientError              the same call may succeed later
    ├── Throttled               a request quota was exceeded
    ├── ServiceUnavailable      5xx answers, cut connections, timeouts
    ├── RuleClosing             a deleted rule is still there, and in the way of a new one
    ├── LostUpdate              somebody else wrote the same document at the same time
    ├── StaleRead               a document was read too long ago to replace it now
    └── NotYetEffective         a right that was just granted is not effective yet

Airflow is told which is which by :data:`oss_crr.operators.retry.RETRY_POLICY`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ServiceAnswer:
    """What a service answered to a call that failed.

    :param status: HTTP status; 0 when there was no answer, or none that the service can have written.
    :param code: the service's error code, empty when there is none.
    :param message: the service's own words, or why there was no answer. Free of secrets.
    :param ec: OSS's detail code, such as ``0031-00000044``.
    :param endpoint: where OSS says the bucket has to be addressed; without an answer, the base URL that was asked.
    :param retry_after: seconds the service asks to wait, None when it does not say.
    :param access_denied: members of ``AccessDeniedDetail``, such as ``AuthAction`` and ``NoPermissionType``.
    """

    status: int
    code: str = ""
    message: str = ""
    request_id: str = ""
    ec: str = ""
    endpoint: str = ""
    retry_after: float | None = None
    access_denied: Mapping[str, str] = field(default_factory=dict)


class OssCrrError(Exception):
    """Base of all errors of this package."""

    #: What the service answered, for errors that stem from a call; None for all others.
    answer: ServiceAnswer | None = None


class PermanentError(OssCrrError):
    """A retry cannot help."""


class InputError(PermanentError, ValueError):
    """One or more parameters or inventory values are wrong.

    :param problems: pairs of field name (as in the form and in ``include/fleet.yaml``) and what is wrong with it.
    """

    problems: tuple[tuple[str, str], ...] = ()

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {problem}" for field, problem in problems))
        self.problems = problems


class InventoryError(InputError):
    """The file of pairs cannot be used.

    :param lines: every problem as ``file:line: pair, field: problem``.
    """

    lines: tuple[str, ...] = ()

    def __init__(self, *lines: str) -> None:
        PermanentError.__init__(self, "\n".join(lines))
        self.lines = lines


class ConnectionSetupError(PermanentError, ValueError):
    """An Airflow connection is missing or incomplete."""


class TemplateError(PermanentError):
    """A policy template cannot be rendered."""


class PolicyError(PermanentError):
    """A policy document cannot be read, or would break a limit of the service."""


class PreflightError(PermanentError):
    """At least one check before the first write failed."""


class CredentialsError(PermanentError):
    """An access key or token was not accepted, or belongs to another account."""


class PermissionDenied(PermanentError):
    """The service refused the call because a right is missing."""


class NotFound(PermanentError):
    """Something that has to exist does not."""


class Conflict(PermanentError):
    """What is there contradicts what was asked for."""


class AlreadyExists(Conflict):
    """What was to be created is there already.

    That may be the effect of the very same call: when an answer is lost, the hooks repeat the call. So read again what
    is there, and compare it with what was wanted.
    """


class LimitReached(PermanentError):
    """A quota of the service is used up."""


class RequestRejected(PermanentError):
    """The service refused the request for a reason that no other class describes."""


class RuleVanished(PermanentError):
    """The replication rule was removed while it was waited for."""


class HistoryTimeout(PermanentError):
    """The historical data was not complete in time."""


class ClosingTimeout(PermanentError):
    """A deleted rule was not gone in time."""


class VerificationFailed(PermanentError):
    """The destination does not hold what it should."""


class ReplicationBroken(PermanentError):
    """Pairs do not replicate as they were asked to, or nothing could be verified."""


class TransientError(OssCrrError):
    """The same call may succeed later."""


class Throttled(TransientError):
    """A request quota was exceeded.

    :param retry_after: seconds to wait as the service asked for, or None.
    """

    retry_after: float | None = None

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ServiceUnavailable(TransientError):
    """The service answered 5xx, or not at all."""


class RuleClosing(TransientError):
    """A deleted rule is still there, and in the way of a new one."""


class LostUpdate(TransientError):
    """Somebody else wrote the same document at the same time, and our part is not in it."""


class StaleRead(TransientError):
    """A write was not sent because what it replaces was read too long ago; read again and merge anew."""


class NotYetEffective(TransientError):
    """A right that was just granted is not effective yet."""
