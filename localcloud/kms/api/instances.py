"""Operations on KMS instances."""

from __future__ import annotations

from localcloud.kms.api.operation import Answer, account_operation
from localcloud.kms.api.parameters import page
from localcloud.kms.api.render import instance_details, instance_reference
from localcloud.kms.backend.account import KmsAccount
from localcloud.operation import RpcCall


def _list(call: RpcCall, account: KmsAccount) -> Answer:
    served = [instance for instance in account.instances if account.serves(instance.region)]
    shown, members = page(call.params, served, default_size=20)
    references = [instance_reference(instance, account.uid) for instance in shown]
    return {**members, "KmsInstances": {"KmsInstance": references}}


def _get(call: RpcCall, account: KmsAccount) -> Answer:
    return {"KmsInstance": instance_details(account.instance(call.params["KmsInstanceId"]))}


# The pages of these operations give no resource for the rights; ``keystore`` is what the ARN of an instance has.
OPERATIONS = (
    account_operation("ListKmsInstances", _list, "keystore"),
    account_operation("GetKmsInstance", _get, "keystore/{KmsInstanceId}", required=("KmsInstanceId",)),
)
