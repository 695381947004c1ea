"""Lists the mail services: the one place that turns the settings into one of them."""

from eventmail.providers.base import Provider
from eventmail.providers.one_at_a_time import OneAtATime
from eventmail.providers.outbox import Outbox
from eventmail.providers.smtp.service import Smtp, parse
from eventmail.settings import Settings, SettingsError
from eventmail.states import OUTBOX


def opened(settings: Settings) -> Provider:
    """The mail service that the settings name. Raises SettingsError for a wrong EVENTMAIL_SMTP_URL."""
    if settings.practice:
        return OneAtATime(Outbox(settings.outbox), OUTBOX, outside=False)
    try:
        return Smtp(parse(settings.smtp_url.get_secret_value()))
    except ValueError as error:
        raise SettingsError(f"Please correct the environment: EVENTMAIL_SMTP_URL {error}.") from None
