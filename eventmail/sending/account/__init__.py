"""Mails about accounts on their own short way: marked, handed over, recorded, settled."""
