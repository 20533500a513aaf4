"""The API of a module, read from its code, and what changes between two of them.

Text to values. A file is passed over once or twice, never executed, and never understood deeper than its API needs.
"""
