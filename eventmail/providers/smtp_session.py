"""One connection at work: mail after mail, the next envelope behind the final dot of the current one (RFC 2920).

What decides everything: until the final dot was handed to the socket, a mail was surely not sent; from then on only the
server's reply can say what became of it (RFC 5321 4.2.5, 6.1).
"""

import time

from eventmail.errors import ProviderError, Unclear
from eventmail.providers.base import Accepted, Mail, Outcome
from eventmail.providers.smtp_envelope import Commands, commands, stuffed
from eventmail.providers.smtp_opening import Opened, Timeouts
from eventmail.providers.smtp_refusals import Step, refusal
from eventmail.providers.smtp_url import Server
from eventmail.providers.smtp_wire import HUNG_UP, OUT_OF_TURN, Closed, Lost, Reply

PAUSE_SECONDS = 0.1  # who takes longer to ask for the next outcome may not ask at all: then no envelope goes ahead
_LAST_WORDS_SECONDS = 1.0
_RESET: Commands = [(Step.RESET, b"RSET\r\n")]
_AWAITED = {Step.RESET: (250,), Step.SENDER: (250,), Step.RECIPIENT: (250, 251), Step.DATA: (354,)}


class Session:
    """A connection that takes mail. When it can't any more, `usable` is false and another is to be opened."""

    def __init__(self, opened: Opened, server: Server, timeouts: Timeouts) -> None:
        self._wire = opened.wire
        self._features = opened.features
        self._signed_in = opened.signed_in
        self._host = server.host
        self._timeouts = timeouts
        self.pipelines = "PIPELINING" in opened.features
        self.used = False
        self.rested_at = time.monotonic()
        self._at_rest = True
        self._ahead: Mail | None = None  # its envelope went behind the final dot of the mail before
        self._asked: Commands = []  # what went ahead and is not answered yet
        self._is_ready = False  # the server waits for the message of `_ahead`
        self._needs_reset = False

    @property
    def usable(self) -> bool:
        return not self._wire.closed

    @property
    def at_rest(self) -> bool:
        """Usable by whoever comes next: no mail was begun."""
        return self.usable and self._at_rest and self._ahead is None

    def answers(self) -> bool:
        """Whether the connection still seems to stand after a while of rest."""
        try:
            self._wire.expect_silence()
        except Lost:
            return False
        return True

    def hand_over(self, mail: Mail, following: Mail | None) -> Outcome:
        """Hand over `mail` and open the envelope of `following`, if that can be asked for at once.

        Raises Lost when the connection is of no more use and `mail` surely was not sent.
        """
        self.used, self._at_rest = True, False
        if time.monotonic() - self.rested_at > PAUSE_SECONDS:
            following = None
        outcome = self._envelope(mail) or self._message(mail, following)
        self._at_rest = True
        self.rested_at = time.monotonic()
        return outcome

    def quit(self) -> None:
        """Take leave without waiting for an answer, or simply hang up where a QUIT would be read as part of a mail."""
        if self.at_rest:
            try:
                self._wire.write(b"QUIT\r\n", self._timeouts.reply)
            except Lost:
                pass
        self._wire.close()

    def _envelope(self, mail: Mail) -> ProviderError | None:
        """None when the server waits for the message, else its refusal."""
        if self._ahead is mail:
            self._ahead = None
            return None if self._is_ready else self._judge(self._asked, *self._replies(self._asked))
        asked = commands(mail, self._features)
        if isinstance(asked, ProviderError):
            return asked
        if self._needs_reset:
            asked = _RESET + asked
            self._needs_reset = False
        if self.pipelines:
            self._wire_write(asked)
            return self._judge(asked, *self._replies(asked))
        for command in asked:
            self._wire_write([command])
            refused = self._judge([command], *self._replies([command]))
            if refused:
                return refused
        return None

    def _message(self, mail: Mail, following: Mail | None) -> Outcome:
        self._wire.expect_silence()  # else a reply that came too early would pass for the one to this message
        message = stuffed(mail.data)
        ahead = self._ask_ahead(following)
        try:
            written = b"".join((message, b".\r\n", *(command for _, command in ahead)))
            self._wire.write(written, self._timeouts.block, edge=len(message))
        except Lost as lost:
            return self._cut_off(lost, len(message))
        try:
            reply = self._wire.reply(self._timeouts.final)
        except Lost as lost:
            return Unclear(f"{lost.words} after the whole mail had left", code=lost.code)
        if reply.code == 250:
            return Accepted(reply.words)
        if reply.code < 400:
            self._wire.close()
            return Unclear(OUT_OF_TURN, code=reply.status)
        if not self._is_in_step(reply):
            self._wire.close()
            return Unclear(OUT_OF_TURN, code=reply.status)
        return refusal(reply, Step.MESSAGE, signed_in=self._signed_in, host=self._host)

    def _ask_ahead(self, following: Mail | None) -> Commands:
        """The envelope to write behind this mail; nothing when the server or `following` isn't fit for that."""
        self._asked, self._is_ready = [], False
        asked = commands(following, self._features) if following and self.pipelines else []
        if not asked or isinstance(asked, ProviderError):
            return []
        self._ahead, self._asked = following, asked
        return asked

    def _cut_off(self, lost: Lost, message_length: int) -> Outcome:
        """The write failed. Without a byte of the final dot gone the mail is not sent, whatever else was."""
        self._ahead = None
        try:
            if lost.handed > message_length:
                return Unclear(f"{lost.words} while the end of the mail was leaving", code=lost.code)
            if isinstance(lost, Closed):
                reply = self._wire.reply(min(_LAST_WORDS_SECONDS, self._timeouts.reply))
                if reply.code >= 400 and not reply.sends_away:
                    return refusal(reply, Step.DATA, signed_in=self._signed_in, host=self._host)
                raise Closed(reply.words or HUNG_UP, code=reply.status)
            raise lost
        finally:
            self._wire.close()

    def _is_in_step(self, refused: Reply) -> bool:
        """Whether `refused` is the reply to the message, not one too many from before it.

        If it is not, the real one is still to come and may say that the mail was taken: then every further reply is one
        command late. So it counts only if DATA behind it gets its 354, QUIT its 221, or the server hangs up at once.
        """
        replies, lost = self._replies(self._asked)
        ready = len(replies) == len(self._asked) and [reply.code for reply in replies[-1:]] == [354]
        if ready and self._judge(self._asked, replies, lost) is None:
            self._is_ready = True
            return True
        self._ahead = None
        if lost is None:
            try:
                self._wire.write(b"QUIT\r\n", self._timeouts.reply)
            except Lost:
                pass
        return True
