"""The do-not-mail list: its entries, its reasons, and how guests unsubscribe (F1 to F3)."""
