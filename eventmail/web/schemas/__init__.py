"""The shapes of JSON and forms, one file a subject: what may come in (models), how rows go out (`…_out`)."""
