"""What lies behind the moves of modules: API changes, release notes, bugs closed, and what all that does to data."""
