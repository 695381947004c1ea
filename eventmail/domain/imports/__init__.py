"""Guest lists as CSV files: reading, matching with the guests, importing, exporting."""
