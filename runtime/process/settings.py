"""Settings of a process: environment variables named REFEREE_*, checked once at start."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from contracts.errors import UserError
from contracts.fieldbus import Port
from contracts.identity import Slug
from contracts.names import SINK, Topics
from contracts.parsing import problems
from runtime.messaging.broker import Broker
from runtime.process.run_folder import RUNS, RunFolder

PREFIX = "REFEREE_"


def comma_list(text: object) -> object:
    """Return the entries of a text that separates them by commas; anything else as it is."""
    return tuple(filter(None, map(str.strip, text.split(",")))) if isinstance(text, str) else text


Names = Annotated[tuple[Slug, ...], NoDecode, BeforeValidator(comma_list)]
"""Names in one variable, separated by commas."""


class RunSettings(BaseSettings):
    """Settings of whatever reads or writes a run's files."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    run_dir: Annotated[Path, Field(title="Folder of journals, database and archive")] = RUNS
    database_url: Annotated[
        str | None, Field(title="SQLAlchemy URL of the database; a SQLite file in run_dir if unset")
    ] = None

    @property
    def run_folder(self) -> RunFolder:
        """Where the run keeps its files."""
        return RunFolder(self.run_dir, self.database_url or None)


class BrokerSettings(RunSettings):
    """Where the MQTT broker is, for whoever may use one."""

    mqtt_host: Annotated[str, Field(title="MQTT broker")] = "127.0.0.1"
    mqtt_port: Annotated[
        int, Field(ge=0, le=65535, title="Port of the MQTT broker; 0: there is none")
    ] = 0
    mqtt_username: Annotated[str | None, Field(title="User at the broker")] = None
    mqtt_password: Annotated[str | None, Field(title="Password at the broker", repr=False)] = None
    mqtt_ca_file: Annotated[Path | None, Field(title="Who signs the broker; turns on TLS")] = None
    mqtt_cert_file: Annotated[Path | None, Field(title="Client certificate")] = None
    mqtt_key_file: Annotated[Path | None, Field(title="Key of the client certificate")] = None

    @property
    def broker(self) -> Broker:
        """Where the MQTT broker is and who we are to it."""
        return Broker(
            host=self.mqtt_host,
            port=self.mqtt_port,
            username=self.mqtt_username,
            password=self.mqtt_password,
            ca_file=self.mqtt_ca_file,
            cert_file=self.mqtt_cert_file,
            key_file=self.mqtt_key_file,
        )


class ProcessSettings(BrokerSettings):
    """What every process needs to know. ``referee up`` sets all of it."""

    site: Annotated[Slug, Field(title="Site, first level of every topic")]
    line: Annotated[Slug, Field(title="Line, second level of every topic")]
    stations: Annotated[
        Names,
        Field(min_length=1, title="Stations of the line until its first roster, by commas"),
    ]
    sinks: Annotated[
        Names,
        Field(min_length=1, title="Storage processes that must confirm a message, by name"),
    ] = (SINK,)
    frames_redis_url: Annotated[str, Field(title="Redis that holds pictures, in memory only")]
    journal_redis_url: Annotated[str, Field(title="Redis that holds verdicts, flushed always")]
    mqtt_port: Annotated[Port, Field(title="Port of the MQTT broker")]
    triton_url: Annotated[str, Field(title="host:port of Triton's gRPC")] = "127.0.0.1:8001"
    metrics_port: Annotated[
        int, Field(ge=0, le=65535, title="Prometheus metrics on this port; 0: none")
    ] = 0
    metrics_host: Annotated[str, Field(title="Address that serves the metrics")] = "127.0.0.1"
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], Field(title="Least level that is logged")
    ] = "INFO"
    log_format: Annotated[Literal["json", "console"], Field(title="json or console")] = "json"

    @property
    def topics(self) -> Topics:
        """The line's MQTT topics."""
        return Topics(self.site, self.line)


S = TypeVar("S", bound=BaseSettings)


def run_folder_at(path: Path) -> RunFolder:
    """Return the run folder at ``path``; REFEREE_DATABASE_URL may name another database."""
    return load(RunSettings).model_copy(update={"run_dir": path}).run_folder


def load(settings_class: type[S], prefix: str = PREFIX) -> S:
    """Return settings from the variables of the environment that begin with ``prefix``.

    Raises:
        UserError: names each variable that is missing or wrong, and why.
    """
    try:
        return settings_class(_env_prefix=prefix)
    except ValidationError as error:
        named = [f"{prefix}{field.upper()}: {reason}" for field, reason in problems(error)]
        raise UserError("; ".join(named)) from error
    except SettingsError as error:
        raise UserError(str(error)) from error
