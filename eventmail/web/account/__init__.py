"""Getting in, and one's own account."""

from eventmail.web.account import me, sign_in
from eventmail.web.account.schemas import AccountOut
from eventmail.web.core.area import Area, Entry, Section
from eventmail.web.core.area import Operation as Op

_OPERATIONS = {
    Section.INSTALLATION: (
        Op("GET me.page", "Whose token this is.", {200: AccountOut}),
    ),
}  # fmt: skip

AREA = Area((sign_in.bp, me.bp), _OPERATIONS, of_site=(Entry("Account", "key-round", "me.page", last=True),))
