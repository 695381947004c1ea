"""Makes a `Provider` of a service that takes one mail a call and needs no connection, such as an HTTP service."""

from collections.abc import Iterable
from typing import Protocol

from eventmail.providers.base import Accepted, HandedOver, Mail, MayBegin, Outcome, ProviderError, Waits


class Sends(Protocol):
    """All that such a service has to implement."""

    def send(self, mail: Mail) -> Accepted:
        """Hand over one mail, under `mail.key` if the service honours keys.

        Raises Transient, Permanent, Unclear or Refused when the service did not take the mail. Any other error leaves
        the mail in doubt (S5).
        """


class OneAtATime:
    """A `Provider` around `service`: always ready, never waited for; a group is handed over mail by mail."""

    def __init__(self, service: Sends, name: str, *, outside: bool = True, honours_keys: bool = False) -> None:
        self._service = service
        self.name = name
        self.outside = outside
        self.honours_keys = honours_keys

    def hand_over(self, mails: Iterable[Mail], may_begin: MayBegin) -> HandedOver:
        for mail in mails:
            if not may_begin(mail):
                return
            try:
                outcome: Outcome = self._service.send(mail)
            except ProviderError as error:
                outcome = error
            yield mail, outcome

    def stands(self, who: str, seconds: float) -> bool:  # noqa: ARG002
        return True

    def waits(self) -> Waits | None:
        return None

    def spare(self, who: str) -> None: ...
    def tidy(self) -> None: ...
    def close(self) -> None: ...
