"""One rule's copying during one tick."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

from localcloud.oss.replication.copier import Copier, Outcome
from localcloud.oss.replication.model import RuleTask, Work

#: Pieces of work in one turn, before the next rule has its turn.
_TURN = 32

#: Objects that are tried at a retry to see whether anything was repaired.
_PROBES = 20


class RuleRun:
    """Works off a rule's task with the rights that the rule has at this moment."""

    def __init__(self, task: RuleTask, copier: Copier, now: datetime, retry_after: timedelta) -> None:
        self._task = task
        self._copier = copier
        self._now = now
        self._retry_after = retry_after

    def take_turn(self) -> bool:
        """Do some work.

        :returns: whether there is more to be done in this tick.
        """
        task = self._task
        if task.waiting and task.is_retry_due(self._now):
            self._retry()
        for _ in range(_TURN):
            work = task.next_work() if task.allowance >= 1 else None
            if work is None:
                self._rest()
                return False
            self._do_or_put_off(work)
        return True

    def _rest(self) -> None:
        if not self._task.has_work:
            self._task.paced_at = None

    def _retry(self) -> None:
        """Try some of the waiting objects; once one gets through, something was repaired and all are tried again."""
        task = self._task
        task.retry_at = self._now + self._retry_after
        for key in list(islice(task.waiting, _PROBES)):
            works = task.waiting.pop(key)
            if self._do(works[0]):
                works.popleft()
                task.waiting[key] = works
                task.release()
                return
            # Put last, so that other objects are tried next time.
            task.waiting[key] = works

    def _do_or_put_off(self, work: Work) -> None:
        if work.key in self._task.waiting:
            self._task.put_off(work)
        elif not self._do(work):
            self._task.put_off(work)
            if self._task.is_retry_due(self._now):
                self._task.retry_at = self._now + self._retry_after

    def _do(self, work: Work) -> bool:
        """Carry one change over and count it; False when a right or a key is missing."""
        outcome = self._copier.do(work)
        if outcome is Outcome.BLOCKED:
            return False
        self._task.note_done(work)
        if outcome is Outcome.COPIED:
            self._task.allowance -= 1
        if work.historical:
            self._count_history()
        return True

    def _count_history(self) -> None:
        task = self._task
        task.history_done += 1
        if task.history_done == task.history_total:
            task.history_finished = self._now
