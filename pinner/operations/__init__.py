"""The use cases: read, ask, decide, write; return values, never print."""
