"""RAM's API 2015-05-01."""

from localcloud.operation import RpcOperation
from localcloud.ram.api import attachments, policies, roles, users

#: Every operation by name.
OPERATIONS: dict[str, RpcOperation] = {
    entry.name: entry for entry in (*roles.OPERATIONS, *policies.OPERATIONS, *attachments.OPERATIONS, *users.OPERATIONS)
}
