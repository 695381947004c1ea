"""The short way of mails about accounts: mark, hand over, record, settle."""
