"""What an organizer decides. Commands open one `transaction()`; reads do not. No flask, no tasks, no web."""
