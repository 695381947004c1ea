"""The environment, read once at start and checked by name. Everything is optional."""

import ipaddress
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from eventmail import signing

PREFIX = "EVENTMAIL_"
POLITE = 5.0  # mails a second to a server that is not ours (S10)
UNANSWERABLE = "eventmail@localhost"


class SettingsError(Exception):
    """A setting in the environment is wrong; the sentence names it."""


class Settings(BaseSettings):
    """All settings; see the README's table for what each does."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    instance: Path = Path(__file__).parent.parent / "instance"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    base_url: str = ""
    provider: Literal["outbox", "smtp"] = "outbox"
    smtp_url: SecretStr = SecretStr("")
    from_: str = Field(default=UNANSWERABLE, alias="EVENTMAIL_FROM")
    undo_seconds: int = Field(default=10, ge=0, le=600)
    proxies: int = Field(default=0, ge=0, le=10)
    quota_per_day: int = Field(default=0, ge=0)
    quota_per_month: int = Field(default=0, ge=0)
    rate_per_second: float | None = Field(default=None, ge=0)
    webhook_secret_generic: SecretStr = SecretStr("")

    @field_validator("instance")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator("base_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment):
            raise ValueError("must be an address such as https://mail.example.org")
        return value.rstrip("/")

    @property
    def public_url(self) -> str:
        """Where guests and organizers reach this instance, without a trailing slash."""
        return self.base_url or f"http://{self.host}:{self.port}"

    def pace(self, *, outside: bool) -> float:
        """Mails a second over all workers, 0 for no limit; 5 where mail leaves by somebody else's SMTP server (S10)."""
        return self.rate_per_second if self.rate_per_second is not None else POLITE if outside else 0.0

    def hindrances(self, *, outside: bool) -> tuple[str, ...]:
        """Why no mail may leave this box yet, in words (S13); nothing hinders while it stays."""
        if not outside:
            return ()
        found = []
        if is_this_box(urlsplit(self.public_url).hostname or ""):
            found.append(
                f"Links in mails would begin with {self.public_url}, which guests cannot reach. "
                "Set EVENTMAIL_BASE_URL to the address of this instance."
            )
        if self.from_ == UNANSWERABLE:
            found.append("The sender has no address. Set EVENTMAIL_FROM to one that can be answered.")
        return tuple(found)

    @property
    def database(self) -> Path:
        return self.instance / "app.sqlite"

    @property
    def queue(self) -> Path:
        return self.instance / "huey.sqlite"

    @property
    def outbox(self) -> Path:
        return self.instance / "outbox"

    @property
    def imports(self) -> Path:
        """Chosen guest lists that wait to be imported."""
        return self.instance / "imports"

    @cached_property
    def secret(self) -> bytes:
        """The key behind every signature; made on first use."""
        return signing.instance_secret(self.instance / "secret.key")


def is_this_box(host: str) -> bool:
    """Whether a host name or IP address means this box alone."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def load() -> Settings:
    """The settings of this process. Raises SettingsError with one sentence that names each wrong variable."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"{_variable(item['loc'])}: {item['msg']}" for item in error.errors())
        raise SettingsError(f"Please correct the environment: {wrong}.") from None


def _variable(location: tuple[int | str, ...]) -> str:
    name = str(location[0])
    return name if name.startswith(PREFIX) else f"{PREFIX}{name.upper()}"
