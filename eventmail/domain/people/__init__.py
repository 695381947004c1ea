"""Colleagues of this installation: who they are, and what lets them in."""
