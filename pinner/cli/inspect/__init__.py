"""Commands that show what is pinned, and what upstream has."""
