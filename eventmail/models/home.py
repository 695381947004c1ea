"""Where this database lives, so that a copy of it knows that it is one (H9)."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from eventmail.db import Base


class Home(Base):
    """The one row that says in which place this database may send; see `domain.home.place_of`."""

    __tablename__ = "home"

    place: Mapped[str]
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    confirmed_at: Mapped[datetime]
