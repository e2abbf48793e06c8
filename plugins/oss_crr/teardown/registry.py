"""All parts of a teardown by name, in the order in which they are taken back."""

from __future__ import annotations

from typing import Any

from oss_crr.teardown.endings import AccelerationPart, RolePart, RulePart
from oss_crr.teardown.grants import DestinationPart, KeyGrantPart
from oss_crr.teardown.parts import Part
from oss_crr.teardown.role_grants import KmsRoleGrantPart, SourceGrantPart

PARTS: dict[str, Part[Any]] = {
    part.name: part
    for part in (
        RulePart(),
        AccelerationPart(),
        DestinationPart(),
        # The role's policies name the keys, so that a teardown which was broken off finds them: they go later.
        KeyGrantPart(),
        KmsRoleGrantPart(),
        # They name the buckets of other pairs with the same role, in the same way.
        SourceGrantPart(),
        RolePart(),
    )
}
