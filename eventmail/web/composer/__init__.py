"""The one composer: its form, fragments, preview and checks, whatever page they stand on."""
