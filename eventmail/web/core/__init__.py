"""The base of all areas: who asks, what a request brings, how it is answered."""
