"""A mail server that keeps what it is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from devstack.ports import LOOPBACK, free_port


class Mailbox:
    """The mails that were sent, in their order."""

    host = LOOPBACK

    def __init__(self) -> None:
        self.port = free_port()
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802
        """Keep a mail."""
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"

    def subjects(self) -> list[str]:
        """The subjects of all mails."""
        return [str(mail["Subject"]) for mail in self.mails]

    def text(self) -> str:
        """The content of the only mail."""
        (mail,) = self.mails
        body = mail.get_body(("html", "plain"))
        assert body is not None
        return str(body.get_content())

    @contextmanager
    def running(self) -> Iterator[Mailbox]:
        """Accept mails while the block runs."""
        controller = Controller(self, hostname=self.host, port=self.port)
        controller.start()
        try:
            yield self
        finally:
            controller.stop()
