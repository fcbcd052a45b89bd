"""email: a mail by SMTP, over TLS unless that is switched off."""

import smtplib
import ssl
from email.message import EmailMessage

from ...scrape.config.rules import EmailConfig
from .message import Message, lines

_PORT = 25
_TLS_PORT = 465
"""Here TLS comes first, without STARTTLS."""


class Mail:
    """A Sender."""

    def __init__(self, config: EmailConfig) -> None:
        self._config = config

    def start(self) -> None:
        """There is nothing to begin with."""

    def stop(self) -> None:
        """Each mail has a connection of its own."""

    def send(self, message: Message) -> None:
        """As in Sender."""
        config = self._config
        host, _, port = config.smarthost.rpartition(":")
        host, number = (host, int(port)) if host and port.isdecimal() else (config.smarthost, _PORT)
        context = ssl.create_default_context()
        timeout_s = float(config.timeout)
        try:
            if number == _TLS_PORT:
                server: smtplib.SMTP = smtplib.SMTP_SSL(host, number, timeout=timeout_s, context=context)
            else:
                server = smtplib.SMTP(host, number, timeout=timeout_s)
            with server:
                if number != _TLS_PORT:
                    self._secure(server, context)
                if config.auth_username:
                    server.login(config.auth_username, config.auth_password.reveal())
                server.send_message(self.mail(message))
        except smtplib.SMTPException as error:
            raise OSError(f"{config.smarthost} did not take the mail: {error}") from error

    def mail(self, message: Message) -> EmailMessage:
        """Subject and text."""
        mail = EmailMessage()
        # Line breaks in a label must not become headers.
        mail["Subject"] = " ".join(message.title.split())
        mail["From"] = self._config.from_
        mail["To"] = ", ".join(self._config.to)
        link = f"\n\n{message.external_url}/alerts\n" if message.external_url else "\n"
        mail.set_content("\n".join(lines(message)) + link)
        return mail

    def _secure(self, server: smtplib.SMTP, context: ssl.SSLContext) -> None:
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=context)
        elif self._config.require_tls:
            raise OSError(f"{self._config.smarthost} offers no STARTTLS; use another port, or `require_tls: false`")
