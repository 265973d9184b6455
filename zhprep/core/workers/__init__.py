"""Worker processes that are replaced when they are killed, and results in order: what engines stand on."""
