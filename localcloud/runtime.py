"""A running cloud: its data, its gateway and its replication engine, and how they begin again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from localcloud.cloud import Cloud
from localcloud.configuration.schema import Config
from localcloud.configuration.seeding import seed
from localcloud.gateway import Gateway
from localcloud.oss.replication.engine import ReplicationEngine
from localcloud.state import load_state, save_state

_TICK_SECONDS = 0.02
#: Longest time that copying may hold up calls.
_TICK_BUDGET_SECONDS = 0.01


class Runtime:
    """Everything behind the server's address.

    :param config: what a new cloud looks like.
    :param domains: further base domains for Host-style addresses.
    :param state_file: where the cloud is kept from one run to the next; loaded now when it exists.
    :raises ConfigError: when the services would refuse what the configuration declares.
    :raises StateError: when the state file cannot be used.
    """

    def __init__(self, config: Config, domains: Sequence[str] = (), state_file: Path | None = None) -> None:
        self._config = config
        self._domains = tuple(domains)
        self._state_file = state_file
        self._begin(state_file if state_file is not None and state_file.exists() else None)

    def _begin(self, state_file: Path | None) -> None:
        self.cloud = Cloud(self._config.new_behaviour())
        if state_file is None:
            seed(self.cloud, self._config)
        else:
            load_state(self.cloud, state_file)
        self.gateway = Gateway(self.cloud, self._domains)
        self.engine = ReplicationEngine(self.cloud)

    def reset(self) -> None:
        """Go back to what the configuration declares; counts, faults and changed settings are gone."""
        self._begin(None)

    def save(self) -> None:
        """Write the state file, if there is one."""
        if self._state_file is not None:
            save_state(self.cloud, self._state_file)

    async def replicate_forever(self) -> None:
        """Step the replication engine, between calls."""
        while True:
            if self.engine.has_work():
                self.engine.tick(_TICK_BUDGET_SECONDS)
            await asyncio.sleep(_TICK_SECONDS)
