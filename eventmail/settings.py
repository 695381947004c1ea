"""The settings, all optional, from the environment and from the file that `EVENTMAIL_CONFIG` names.

A secret may also be in a file of its own.
"""

import base64
import binascii
import difflib
import io
import ipaddress
import os
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from dotenv.parser import parse_stream
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from eventmail import sender_setting, signing
from eventmail.states import is_practice

PREFIX = "EVENTMAIL_"
POLITE = 5.0  # mails a second to a server that is not ours (S10)
UNANSWERABLE = "eventmail@localhost"
CONFIG = f"{PREFIX}CONFIG"
_NOT_OURS = frozenset({f"{PREFIX}CHROMIUM"})  # the browser of the tests
_HOST = re.compile(r"[^\s/?#@\[\]:<>\"'\\]+")


class SettingsError(Exception):
    """A setting is wrong; the sentence names it."""


class Settings(BaseSettings):
    """All settings; the README explains each."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    instance: Path = Path(__file__).parent.parent / "instance"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    base_url: str = ""
    provider: Literal["outbox", "smtp"] = "outbox"
    smtp_url: SecretStr = SecretStr("")
    from_: str = Field(default=UNANSWERABLE, alias="EVENTMAIL_FROM")
    undo_seconds: int = Field(default=10, ge=0, le=600)
    edit_cutoff_minutes: int = Field(default=15, ge=0, le=10_080)
    proxies: int = Field(default=0, ge=0, le=10)
    quota_per_day: int = Field(default=0, ge=0, le=1_000_000_000)
    quota_per_month: int = Field(default=0, ge=0, le=1_000_000_000)
    rate_per_second: float | None = Field(default=None, ge=0, le=10_000, allow_inf_nan=False)
    webhook_secret_generic: SecretStr = SecretStr("")

    @field_validator("instance")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator("base_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        return _checked_address(value.strip()) if value.strip() else ""

    @field_validator("from_")
    @classmethod
    def _mailbox(cls, value: str) -> str:
        sender_setting.parsed(value)
        return value.strip()

    @field_validator("webhook_secret_generic")
    @classmethod
    def _shared_secret(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if text and (not text.strip() or (text.startswith("whsec_") and not _from_base64(text[6:]))):
            raise ValueError("is no secret: after whsec_ stands base64, as the mail service shows it")
        return value

    @property
    def practice(self) -> bool:
        """Whether all mail stays on this box (S13)."""
        return is_practice(self.provider)

    @property
    def sender(self) -> str:
        """The bare address in From, its domain in ASCII."""
        return sender_setting.parsed(self.from_)[1]

    @property
    def sender_name(self) -> str:
        """The name in EVENTMAIL_FROM, or "". An event's own name takes precedence."""
        return sender_setting.parsed(self.from_)[0]

    @property
    def public_url(self) -> str:
        """The address of this instance for guests and organizers, without a trailing slash."""
        return self.base_url or f"http://{self.host}:{self.port}"

    def pace(self, *, outside: bool) -> float:
        """Returns mails a second over all workers, 0 for no limit. `outside`: through somebody else's server (S10)."""
        return self.rate_per_second if self.rate_per_second is not None else POLITE if outside else 0.0

    def hindrances(self, *, outside: bool) -> tuple[str, ...]:
        """Returns sentences on why no mail may leave this box yet (S13). `outside`: mail would leave it."""
        if not outside:
            return ()
        found = []
        if is_this_box(urlsplit(self.public_url).hostname or ""):
            found.append(
                f"Links in mails would begin with {self.public_url}, which guests cannot reach. "
                "Set EVENTMAIL_BASE_URL to the address of this instance."
            )
        if self.sender == UNANSWERABLE:
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
        """The folder of uploaded guest lists that wait to be imported."""
        return self.instance / "imports"

    @cached_property
    def secret(self) -> bytes:
        """The key of every signature, made on first use."""
        return signing.instance_secret(self.instance / "secret.key")


def is_this_box(host: str) -> bool:
    """Whether a host name or IP address means this box alone."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def load() -> Settings:
    """Returns the settings of this process. Raises SettingsError with one sentence that names each wrong variable."""
    try:
        return Settings(**_given())
    except ValidationError as error:
        wrong = "; ".join(f"{_variable(str(item['loc'][0]))}: {_words(item)}" for item in error.errors())
        raise SettingsError(f"Please correct the environment: {wrong}.") from None


def remarks() -> list[str]:
    """Returns a sentence on each name that looks like a setting and is none, with the nearest real one."""
    found = []
    ends = [known.removeprefix(PREFIX) for known in _known()]
    for where, names in (("", os.environ), (f" in {os.environ.get(CONFIG)}", _file())):
        for name in sorted(names):
            if (where or name.upper().startswith(PREFIX)) and name.upper() not in {*_known(), *_NOT_OURS}:
                near = difflib.get_close_matches(name.upper().removeprefix(PREFIX), ends, 1)
                meant = f" Did you mean {PREFIX}{near[0]}?" if near else ""
                found.append(f"{name}{where} is no setting of eventmail, so nothing reads it.{meant}")
    return found


def for_children() -> dict[str, str]:
    """Returns the variables that name files, with absolute paths, for a process in another folder."""
    names = {CONFIG, *(f"{_variable(field)}_FILE" for field in _secrets())}
    return {name: str(Path(path).absolute()) for name in sorted(names) if (path := os.environ.get(name))}


def _given() -> dict[str, Any]:
    """Returns the values by the names that `Settings` takes. The environment takes precedence over files."""
    spoken = {name.upper(): value for name, value in os.environ.items() if value}
    written = {name.upper(): value for name, value in _file().items() if value}
    given: dict[str, Any] = {}
    for field in Settings.model_fields:
        name, is_secret = _variable(field), field in _secrets()
        values = (_secret_in(source, name) if is_secret else source.get(name) for source in (spoken, written))
        if value := next(filter(None, values), None):
            given[name if field == "from_" else field] = value
    return given


def _secret_in(source: Mapping[str, str], name: str) -> str | None:
    """Returns a secret as it is given, or as the content of the file that `…_FILE` names."""
    path = source.get(f"{name}_FILE")
    if path and source.get(name):
        raise SettingsError(f"Please set one of {name} and {name}_FILE, not both.")
    return _read(f"{name}_FILE", path).strip() if path else source.get(name)


def _file() -> dict[str, str]:
    """Returns the settings file's NAME=value lines, quoted as in a shell. A `$` stays as it is."""
    path, found = os.environ.get(CONFIG, ""), {}
    for line in parse_stream(io.StringIO(_read(CONFIG, path) if path else "")):
        if line.error or (line.key and line.value is None):
            raise SettingsError(f"Please correct {path}: line {line.original.line} is not NAME=value.")
        if line.key:
            found[line.key] = line.value or ""
    return found


def _read(variable: str, path: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(f"Please correct {variable}: {path} cannot be read ({why}).") from None


def _known() -> list[str]:
    return [CONFIG, *map(_variable, Settings.model_fields), *(f"{_variable(field)}_FILE" for field in _secrets())]


def _secrets() -> list[str]:
    return [name for name, field in Settings.model_fields.items() if field.annotation is SecretStr]


def _variable(field: str) -> str:
    name = field.rstrip("_")
    return name if name.startswith(PREFIX) else f"{PREFIX}{name.upper()}"


def _words(item: Any) -> str:
    """Says what is wrong with one setting and what it may be."""
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    if item["type"] == "literal_error":
        return f"must be {item['ctx']['expected'].replace(chr(39), '')}"
    name = str(item["loc"][0])
    field = Settings.model_fields.get("from_" if name.startswith(PREFIX) else name)
    bounds = {type(each).__name__: each for each in field.metadata} if field else {}
    if "Ge" in bounds and "Le" in bounds:
        kind = "a number" if name == "rate_per_second" else "a whole number"
        return f"must be {kind} from {bounds['Ge'].ge} to {bounds['Le'].le}"
    return str(item["msg"])


def _checked_address(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    named = bool(_HOST.fullmatch(host)) or ("[" in parts.netloc and ":" in host)
    try:
        named = named and parts.port != 0
    except ValueError:
        named = False
    if parts.scheme not in ("http", "https") or not named or "?" in url or "#" in url:
        raise ValueError("must be an address such as https://mail.example.org")
    if parts.path.strip("/"):
        raise ValueError(
            f"has the path {parts.path}, and eventmail needs an address of its own, such as https://mail.example.org"
        )
    if "@" in parts.netloc:
        raise ValueError("must not hold a name or a password: it stands in every mail")
    return url.rstrip("/")


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
