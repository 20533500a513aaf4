"""Commands that show what changes from one set of modules to another."""
