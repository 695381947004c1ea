"""What every area leans on: who asks, what a request brings, how it is answered."""
