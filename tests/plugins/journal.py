"""The calls of a fake service, and what a test wants to happen before some of them."""

from __future__ import annotations

from collections.abc import Callable

READS = ("Get", "List", "Head")


class Journal:
    """The calls of one account, and what is to happen before some of them."""

    def __init__(self) -> None:
        self.actions: list[str] = []
        self.read_only = False
        self._before: dict[str, list[Callable[[], object]]] = {}

    def before(self, action: str, *steps: Callable[[], object]) -> None:
        """Run each step before one call of an action, in turn."""
        self._before.setdefault(action, []).extend(steps)

    def fail(self, action: str, *failures: Exception) -> None:
        """Fail calls of an action, one failure each."""
        self.before(action, *(_raiser(failure) for failure in failures))

    def enter(self, action: str) -> None:
        """Record a call."""
        self.actions.append(action)
        if self.read_only and not action.startswith(READS):
            raise AssertionError(f"{action} writes")
        steps = self._before.get(action)
        if steps:
            steps.pop(0)()

    @property
    def writes(self) -> list[str]:
        """Return the calls that changed something, or tried to."""
        return [action for action in self.actions if not action.startswith(READS)]


def _raiser(failure: Exception) -> Callable[[], None]:
    def step() -> None:
        raise failure

    return step
