"""This installation: whether it is the live one, what it forgets, its demo."""
