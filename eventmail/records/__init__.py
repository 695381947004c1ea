"""What `domain` and `sending` both write: the log, replayable answers, the quota ledger, recipients' moves.

Every writer runs in the caller's transaction.
"""

from eventmail.records.acting import WORKER, Acting
from eventmail.records.audit import audit
from eventmail.records.idempotency import Keyed, body_hash, remember, replayable
from eventmail.records.practice_mode import counts, of_practice, practising
from eventmail.records.quota import NO_LIMITS, Limits, Usage, rebook, reserve, usage
from eventmail.records.recipient_states import (
    DOUBTED,
    UNCLEAR,
    Move,
    forget_doubt,
    leave_queue,
    make,
    move_recipients,
    recipient_move,
)
