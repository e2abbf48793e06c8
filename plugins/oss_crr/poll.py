"""Read the progress of many rules at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from oss_crr.converge import in_parallel
from oss_crr.progress import RuleProgress, WaitedRule, judge

if TYPE_CHECKING:
    from oss_crr.hooks.account import Account


def poll_rules(rules: Sequence[WaitedRule], get_account: Callable[[str], Account]) -> list[RuleProgress]:
    """Ask for the progress of all rules side by side; one request a rule.

    :param get_account: returns the account of a connection id.
    :raises OssCrrError: when a rule's progress cannot be read.
    """
    return in_parallel(lambda rule: _poll(rule, get_account(rule.conn_id)), rules)


def _poll(rule: WaitedRule, account: Account) -> RuleProgress:
    return judge(rule, account.oss(rule.region).progress(rule.bucket, rule.rule_id))
