"""Who is told when the health of a pair changes: any notifier of Airflow, for example by mail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.sdk import BaseNotifier

from oss_crr.errors import InputError
from oss_crr.notifications import Change, load_notifier, message, notify
from tests.mailbox import Mailbox
from tests.plugins.verification.made import make_finding
from tests.plugins.verification.test_table import row

BROKEN = Change("healthy", row("logs", make_finding("logs")))
REPAIRED = Change("broken", row("other"))


class RecordingNotifier(BaseNotifier):
    """Remembers what it was called with."""

    template_fields = ("text",)
    told: list[str] = []  # noqa: RUF012 - a test empties it
    knew: list[Any] = []  # noqa: RUF012

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def notify(self, context: Any) -> None:
        if self.text == "fail":
            raise RuntimeError("no line")
        self.told.append(self.text)
        self.knew.append(context["oss_crr"])


RECORDER = f"{__name__}.RecordingNotifier"


@pytest.fixture(autouse=True)
def _empty() -> None:
    RecordingNotifier.told.clear()
    RecordingNotifier.knew.clear()


def declare(monkeypatch: pytest.MonkeyPatch, value: object) -> None:
    """Set the variable, as the environment of a worker does."""
    monkeypatch.setenv("AIRFLOW_VAR_OSS_CRR_NOTIFIERS", value if isinstance(value, str) else json.dumps(value))


def told(*changes: Change) -> list[str]:
    context: Any = {"run_id": "r-1"}
    notify(context, changes)
    return RecordingNotifier.told


def test_notifier_is_called_with_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, [{"notifier": RECORDER, "text": "{{ oss_crr.summary }} in {{ run_id }}"}])
    assert told(BROKEN, REPAIRED) == ["logs is broken, was healthy, and 1 more in r-1"]
    (known,) = RecordingNotifier.knew
    assert [(item["pair"], item["before"], item["health"]) for item in known["changes"]] == [
        ("logs", "healthy", "broken"),
        ("other", "broken", "healthy"),
    ]
    assert "the role may not write" in known["text"]


def test_nobody_is_called_without_news(monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, [{"notifier": RECORDER, "text": "x"}])
    assert told() == []


def test_pair_that_is_new_has_no_earlier_health() -> None:
    assert message([Change(None, BROKEN.row)])["summary"] == "logs is broken"


def test_notifier_that_fails_does_not_stop_another(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    declare(monkeypatch, [{"notifier": RECORDER, "text": "fail"}, {"notifier": RECORDER, "text": "x"}])
    assert told(BROKEN) == ["x"]
    assert "RecordingNotifier failed" in caplog.text


@pytest.mark.parametrize("value", ["{", [{"notifier": "os.system"}], [1]])
def test_wrong_variable_is_logged_and_does_not_hide_the_results(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, value: object
) -> None:
    declare(monkeypatch, value)
    assert told(BROKEN) == []
    assert "Nobody is told" in caplog.text


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        ("text", "must be an object"),
        ({}, "must be an object"),
        ({"notifier": "os.system"}, "is no notifier"),
        ({"notifier": "airflow.sdk.BaseOperator"}, "is no notifier"),
        ({"notifier": "no.such.Thing"}, "cannot be imported"),
        ({"notifier": "plain"}, "cannot be imported"),
        ({"notifier": RECORDER}, "does not take these arguments"),
    ],
)
def test_wrong_declarations_are_named(declared: object, problem: str) -> None:
    with pytest.raises(InputError, match=rf"oss_crr_notifiers\[2\]: .*{problem}"):
        load_notifier(2, declared)


# --- by mail, as the documentation shows -----------------------------------------------------------------------------


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """A local mail server, and an Airflow connection to it."""
    with Mailbox().running() as mailbox:
        extra = {"disable_ssl": True, "disable_tls": True, "from_email": "airflow@example.com"}
        connection = {"conn_type": "smtp", "host": mailbox.host, "port": mailbox.port, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_OPS_MAIL", json.dumps(connection))
        yield mailbox


def test_mail(monkeypatch: pytest.MonkeyPatch, mailbox: Mailbox) -> None:
    declared = {
        "notifier": "airflow.providers.smtp.notifications.smtp.SmtpNotifier",
        "smtp_conn_id": "ops_mail",
        "to": "ops@example.com",
        "subject": "OSS replication: {{ oss_crr.summary }}",
        "html_content": "<pre>{{ oss_crr.text | e }}</pre>",
    }
    declare(monkeypatch, [declared])
    notify({"run_id": "r-1"}, [BROKEN])
    assert mailbox.subjects() == ["OSS replication: logs is broken, was healthy"]
    assert "the role may not write" in mailbox.text()
