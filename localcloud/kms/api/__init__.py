"""KMS's API 2016-01-20.

KMS is regional: every region has an endpoint of its own, and nothing in a call says which region is meant. Where one
endpoint serves all regions, keys are found by id in whichever region they are, new keys go where their instance is, and
lists show all regions of the account. A Host name such as ``kms.cn-beijing.aliyuncs.com`` or the setting ``kms_region``
narrows all of this to one region.
"""

from localcloud.kms.api import aliases, crypto, instances, keys, policies, tags
from localcloud.operation import RpcOperation

#: Every operation by name.
OPERATIONS: dict[str, RpcOperation] = {
    entry.name: entry
    for entry in (
        *keys.OPERATIONS,
        *aliases.OPERATIONS,
        *policies.OPERATIONS,
        *instances.OPERATIONS,
        *crypto.OPERATIONS,
        *tags.OPERATIONS,
    )
}
