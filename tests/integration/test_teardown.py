"""Teardown takes back exactly what setup added: one case after the other."""

from __future__ import annotations

from tests.integration.teardown import meaning, tear_down
from tests.integration.world import World


def test_setup_then_teardown_leaves_the_clouds_as_they_were(world: World) -> None:
    before = meaning(world.state())
    world.set_up()
    torn = tear_down(world, world.pair())
    assert torn.errors() == []
    assert torn.texts("by_hand") == []
    assert meaning(world.state()) == before
