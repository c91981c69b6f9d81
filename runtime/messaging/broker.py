"""Where the MQTT broker is and who we are to it."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import NamedTuple

from contracts.errors import UserError


class Broker(NamedTuple):
    """Address and credentials. A ``ca_file`` turns on TLS; a certificate names the client."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def __str__(self) -> str:
        return f"MQTT broker {self.host}:{self.port}"

    def tls_context(self) -> ssl.SSLContext | None:
        """How to encrypt; None where no ``ca_file`` asks for it.

        Raises:
            UserError: a file cannot be read or holds no certificate.
        """
        if self.ca_file is None:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.cert_file is not None:
                context.load_cert_chain(self.cert_file, self.key_file)
        except OSError as error:
            files = (self.ca_file, self.cert_file, self.key_file)
            named = ", ".join(str(file) for file in files if file is not None)
            raise UserError(f"{self}: certificates {named}: {error}") from error
        return context
