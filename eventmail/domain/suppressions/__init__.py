"""The do-not-mail list: its entries and reasons, and a guest's own way on and off it (F1 to F3)."""
