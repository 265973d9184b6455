"""Worker processes that are replaced when they are killed: what engines on this machine stand on."""
