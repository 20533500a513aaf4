"""Puppet's data types as code writes them, and whether a literal value fits one: yes, no, or not to be told here."""
