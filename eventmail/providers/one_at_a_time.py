"""A mail service that takes one mail a call and needs no connection, as the worker wants it: HTTP services are such."""

from collections.abc import Iterable
from typing import Protocol

from eventmail.providers.base import Accepted, HandedOver, Mail, MayBegin, Outcome, ProviderError, Waits


class Sends(Protocol):
    """All that such a service has to know."""

    def send(self, mail: Mail) -> Accepted:
        """Hand over one mail. Raises Transient, Permanent, Unclear or Refused when the service did not take it.

        Whatever else is raised leaves the mail in doubt (S5). A service that honours keys gets `mail.key`.
        """
        ...


class OneAtATime:
    """A `Provider` made of `service`: it is always ready, keeps nobody waiting, and takes a group mail by mail."""

    def __init__(self, service: Sends, name: str, *, outside: bool = True, honours_keys: bool = False) -> None:
        self._service = service
        self.name = name
        self.outside = outside
        self.honours_keys = honours_keys

    def hand_over(self, mails: Iterable[Mail], may_begin: MayBegin) -> HandedOver:
        """See `base.Provider`."""
        for mail in mails:
            if not may_begin(mail):
                return
            outcome: Outcome
            try:
                outcome = self._service.send(mail)
            except ProviderError as error:
                outcome = error
            yield mail, outcome

    def stands(self, who: str, seconds: float) -> bool:
        """See `base.Provider`."""
        del who, seconds
        return True

    def spare(self, who: str) -> None:
        """See `base.Provider`."""

    def waits(self) -> Waits | None:
        """See `base.Provider`."""
        return None

    def tidy(self) -> None:
        """See `base.Provider`."""

    def close(self) -> None:
        """See `base.Provider`."""
