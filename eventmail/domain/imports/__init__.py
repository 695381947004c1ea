"""Guest lists as CSV files: read, compared with the guests, written, and exported again."""
