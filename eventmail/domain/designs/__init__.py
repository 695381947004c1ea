"""Designs: reusable content with a draft and published revisions, apart from any message (D1)."""
