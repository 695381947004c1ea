"""Getting in, and one's own account."""

from eventmail.web.account import me, sign_in
from eventmail.web.account.schemas import AccountOut
from eventmail.web.core.area import Area, Entry, Section
from eventmail.web.core.area import Operation as Op

AREA = Area((sign_in.bp, me.bp), of_site=(Entry("Account", "key-round", "me.page", last=True),), operations={
    Section.INSTALLATION: (
        Op("GET me.page", "Whose token this is.", {200: AccountOut}),
    ),
})  # fmt: skip
