"""Read the progress of many rules at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from oss_crr.errors import OssCrrError, TransientError
from oss_crr.outcome import describe_error
from oss_crr.parallel import in_parallel
from oss_crr.progress import RuleProgress, WaitedRule, judge

if TYPE_CHECKING:
    from oss_crr.hooks.account import Account


def poll_rules(rules: Sequence[WaitedRule], get_account: Callable[[str], Account]) -> list[RuleProgress]:
    """Ask for the progress of all rules side by side; one request a rule.

    A rule whose progress cannot be read does not hide the others: it counts as waiting when asking again may help, and
    as unreadable otherwise.

    :param get_account: returns the account of a connection id.
    """
    return in_parallel(lambda rule: poll_rule(rule, get_account(rule.conn_id)), rules)


def poll_rule(rule: WaitedRule, account: Account) -> RuleProgress:
    """Ask for the progress of one rule; see :func:`poll_rules`."""
    try:
        return judge(rule, account.oss(rule.region).progress(rule.bucket, rule.rule_id))
    except TransientError:
        return RuleProgress(rule.pair, "waiting")
    except OssCrrError as error:
        return RuleProgress(rule.pair, "unreadable", error=describe_error(error))
