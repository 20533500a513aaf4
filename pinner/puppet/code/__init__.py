"""The API of a module, read from its code, and the changes between two versions of it."""
