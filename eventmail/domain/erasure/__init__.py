"""Taking a person's data out, and handing over what is known of them."""
