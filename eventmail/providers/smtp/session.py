"""One connection at work: mail after mail, the next envelope behind the final dot of the current one (RFC 2920).

Until the final dot is handed to the socket, a mail is surely not sent. From then on only the server's reply can say
what became of it (RFC 5321 4.2.5, 6.1).
"""

import time
from collections.abc import Generator
from contextlib import suppress

from eventmail.providers.base import Accepted, Mail, MayBegin, Outcome, ProviderError, Unclear
from eventmail.providers.smtp.envelope import Commands, commands, stuffed
from eventmail.providers.smtp.opening import Opened, Timeouts
from eventmail.providers.smtp.refusals import Step, refusal
from eventmail.providers.smtp.url import Server
from eventmail.providers.smtp.wire import HUNG_UP, OUT_OF_TURN, Closed, Lost, Reply

PAUSE_SECONDS = 0.1  # a caller slower than this may never ask for the next outcome, so no envelope goes ahead
LAST_WORDS_SECONDS = 1.0
Handing = Generator[None, None, Outcome | None]
_RESET: Commands = [(Step.RESET, b"RSET\r\n")]
_AWAITED = {Step.RESET: (250,), Step.SENDER: (250,), Step.RECIPIENT: (250, 251), Step.DATA: (354,)}


class Session:
    """A connection that takes mail, until `usable` is false; then another has to be opened."""

    def __init__(self, opened: Opened, server: Server, timeouts: Timeouts, *, pipelines: bool = True) -> None:
        self._wire = opened.wire
        self._features = opened.features
        self._signed_in = opened.signed_in
        self._host = server.host
        self._timeouts = timeouts
        self._pipelines = pipelines and "PIPELINING" in opened.features
        self.is_hasty = False  # the server asked for a message although it had refused the recipient
        self.used = False
        self.rested_at = self.asked_at = time.monotonic()
        self._at_rest = True
        self._in_hand: Mail | None = None
        self._ahead: Mail | None = None  # its envelope went behind the final dot of the mail before
        self._asked: Commands = []  # those of `_ahead` that have no answer yet
        self._is_ready = False  # the server waits for the message of `_ahead`
        self._needs_reset = False

    @property
    def usable(self) -> bool:
        return not self._wire.closed

    @property
    def at_rest(self) -> bool:
        """Whether the next group may use the connection, since no mail was begun on it."""
        return self.usable and self._at_rest and self._ahead is None

    def answers(self) -> bool:
        """Whether the connection seems to stand, without an unread reply."""
        try:
            self._wire.expect_silence()
        except Lost:
            return False
        return True

    def hand_over(self, mail: Mail, following: Mail | None, may_begin: MayBegin) -> Handing:
        """Hand over `mail`, and ask for the envelope of `following` at once if that is possible.

        Yields before each wait for the server, so that other lanes can work. Returns the outcome, or None when
        `may_begin` said no. Raises Lost when the connection is of no more use and `mail` surely was not sent.
        """
        self.used, self._at_rest, self._in_hand = True, False, mail
        self.asked_at = time.monotonic()
        if time.monotonic() - self.rested_at > PAUSE_SECONDS:
            following = None
        refused = yield from self._envelope(mail)
        if not refused and not may_begin(mail):
            return None
        outcome = refused or (yield from self._message(mail, following))
        self._at_rest = True
        self.rested_at = time.monotonic()
        return outcome

    def quit(self) -> None:
        """Take leave without waiting for an answer. Hangs up without QUIT where it would be read as part of a mail."""
        if self.at_rest:
            self._say(b"QUIT\r\n")
        self._wire.close()

    def _envelope(self, mail: Mail) -> Generator[None, None, ProviderError | None]:
        """Returns None when the server waits for the message, else its refusal."""
        if self._ahead is mail:
            self._ahead = None
            return None if self._is_ready else self._judge(self._asked, *self._replies(self._asked))
        asked = commands(mail, self._features)
        if isinstance(asked, ProviderError):
            return asked
        try:
            self._wire.expect_silence()
        except Lost as lost:
            raise Closed(lost.words, code=lost.code) from lost
        if self._needs_reset:
            asked = [*_RESET, *asked]
            self._needs_reset = False
        for group in [asked] if self._pipelines else [[command] for command in asked]:
            self._say(b"".join(command for _, command in group))
            yield
            refused = self._judge(group, *self._replies(group))
            if refused:
                return refused
        return None

    def _message(self, mail: Mail, following: Mail | None) -> Generator[None, None, Outcome]:
        self._wire.expect_silence()  # a reply that came too early would pass for the one to this message
        message = stuffed(mail.data)
        self._asked, self._is_ready = self._fit_to_go_ahead(following), False
        self._ahead = following if self._asked else None
        try:
            written = b"".join((message, b".\r\n", *(command for _, command in self._asked)))
            self._wire.write(written, self._timeouts.block, edge=len(message))
        except Lost as lost:
            return self._cut_off(lost, len(message))
        yield
        try:
            reply = self._wire.reply(self._timeouts.final)
        except Lost as lost:
            return Unclear(f"{lost.words} after the whole mail had left", code=lost.code)
        if reply.code == 250:
            return Accepted(Reply(reply.code, reply.lines[:1]).words)  # the first line names the mail
        if reply.code < 400 or not self._is_in_step():
            self._wire.close()
            return Unclear(OUT_OF_TURN, code=reply.status)
        return self._refused(reply, Step.MESSAGE)

    def _fit_to_go_ahead(self, following: Mail | None) -> Commands:
        """The envelope to write behind the mail in hand, empty if it has to wait for its turn."""
        asked = commands(following, self._features) if following and self._pipelines else []
        return [] if isinstance(asked, ProviderError) else asked

    def _cut_off(self, lost: Lost, message_length: int) -> Outcome:
        """The outcome after a failed write. The mail is not sent unless a byte of the final dot has left."""
        try:
            if lost.handed > message_length:
                return Unclear(f"{lost.words} while the end of the mail was leaving", code=lost.code)
            if not isinstance(lost, Closed):
                raise lost
            try:
                reply = self._wire.reply(LAST_WORDS_SECONDS)
            except Lost:
                raise lost from None
            if reply.sends_away:
                raise Closed(reply.words or HUNG_UP, code=reply.status)
            if reply.code < 400:
                raise Lost(OUT_OF_TURN, code=reply.status)
            return self._refused(reply, Step.DATA)
        finally:
            self._wire.close()

    def _is_in_step(self) -> bool:
        """Whether the refusal just read answers the message, and is not a surplus reply to an earlier command.

        After a surplus reply the real one is still to come and may say that the mail was taken; all further replies are
        late by one command. So a refusal counts only if the DATA behind it gets its 354, or the QUIT behind it its 221.
        """
        replies, lost = self._replies(self._asked)
        if lost:
            return isinstance(lost, Closed) and not replies
        if replies and replies[-1].code == 354:
            self._is_ready = self._judge(self._asked, replies, None) is None
            return True
        return self._ends_in_step()

    def _ends_in_step(self) -> bool:
        """End the connection. Returns whether the reply to QUIT was all that came before its end."""
        self._say(b"QUIT\r\n")
        try:
            bye = self._wire.reply(self._timeouts.reply)
        except Lost as end:
            return isinstance(end, Closed)
        try:
            self._wire.reply(LAST_WORDS_SECONDS)
        except Lost:
            return bye.code in (221, 421)
        finally:
            self._wire.close()
        return False

    def _say(self, commands_: bytes) -> None:
        """Write. After a failed write the server's last words can still be read, and reading tells of the end."""
        with suppress(Lost):
            self._wire.write(commands_, self._timeouts.reply)

    def _replies(self, asked: Commands) -> tuple[list[Reply], Lost | None]:
        """Returns the awaited reply or refusal to each command, and the Lost that cut them short, if any."""
        replies: list[Reply] = []
        for step, _ in asked:
            try:
                reply = self._wire.reply(self._timeouts.data if step is Step.DATA else self._timeouts.reply)
            except Lost as lost:
                return replies, lost
            if reply.sends_away:
                self._wire.close()
                return replies, Closed(reply.words or HUNG_UP, code=reply.status)
            if reply.code not in _AWAITED[step] and (reply.code < 400 or step is Step.RESET):
                self._wire.close()
                return replies, Lost(OUT_OF_TURN, code=reply.status)
            replies.append(reply)
        return replies, None

    def _judge(self, asked: Commands, replies: list[Reply], lost: Lost | None) -> ProviderError | None:
        """Returns None when every command got the awaited reply, else the first refusal. Raises Lost."""
        refused = next((at for at, reply in enumerate(replies) if reply.code >= 400), None)
        if lost and (refused is None or not isinstance(lost, Closed)):
            raise lost  # even after a refusal, which may have been the reply to something else
        if refused is None:
            return None
        self._needs_reset = True
        if replies[-1].code == 354:
            # A lone dot would be polite, but hand over an empty mail to an unknown recipient.
            self._wire.close()
            self.is_hasty = True
        elif asked[refused][0] is Step.DATA and not lost and not self._ends_in_step():
            raise Lost(OUT_OF_TURN, code=replies[refused].status)  # perhaps it waits for the message in earnest
        return self._refused(replies[refused], asked[refused][0])

    def _refused(self, reply: Reply, step: Step) -> ProviderError:
        mail = self._in_hand
        sender, to = (mail.sender, mail.to) if mail else ("", "")
        return refusal(reply, step, signed_in=self._signed_in, host=self._host, sender=sender, to=to)
