"""The one composer: its form, fragments, preview and checks, for any page."""
