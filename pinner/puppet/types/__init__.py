"""Puppet's data types, and whether a literal value matches one."""
