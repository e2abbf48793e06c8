"""The step that waits for the destination's owner, where this run has no connection to that account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowSkipException

from oss_crr.errors import PermissionDenied
from oss_crr.handover import document, needs_handover
from oss_crr.operators.batch import BatchOperator, run_parameter
from oss_crr.outcome import Outcome

if TYPE_CHECKING:
    import jinja2
    from airflow.sdk import Context

    from oss_crr.pair import ResolvedPair


class HandOverOperator(BatchOperator, ApprovalOperator):
    """Show what the destination's owner has to grant, and go on when somebody approves.

    The document is in the task's "Required actions" and, as text, in its "Rendered Template" tab. Skipped when every
    pair of the batch has a connection to the destination.
    """

    template_fields: Sequence[str] = ("subject", "body")
    ui_color = "#f3e8fd"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(subject="Grant the replication role its rights at the destination", body="", **kwargs)

    def render_template_fields(self, context: Context, jinja_env: jinja2.Environment | None = None) -> None:
        """Render the document from the batch, which is known only now."""
        super().render_template_fields(context, jinja_env)
        self.body = document(self._waiting(context))

    def execute(self, context: Context) -> Any:
        """Ask for the approval, or skip.

        :raises AirflowSkipException: in a run that only plans, or when there is nothing to hand over.
        """
        if run_parameter(context, "plan_only", False) or not self._waiting(context):
            raise AirflowSkipException("nothing to hand over")
        self.log.info("For the destination's owner:\n%s", self.body)
        return ApprovalOperator.execute(self, context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Go on, or fail the pairs whose grant was declined."""
        answer = was_approved(event)
        return self.settle(context, [self._outcome(pair, answer) for pair in self._waiting(context)])

    def _waiting(self, context: Context) -> list[ResolvedPair]:
        return [pair for pair in self.survivors(context) if needs_handover(pair)]

    def _outcome(self, pair: ResolvedPair, approved: bool) -> Outcome:
        if approved:
            return Outcome(pair.name, self.step, "approved")
        declined = PermissionDenied("the grant at the destination was declined: agree with its owner, then start again")
        return Outcome.failed(pair.name, self.step, declined)


def was_approved(event: Mapping[str, Any]) -> bool:
    """Tell what somebody decided who was asked for an approval."""
    return "error" not in event and ApprovalOperator.APPROVE in event["chosen_options"]
