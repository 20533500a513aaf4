"""Hiera as Puppet reads it: scalars, hierarchies, lookup options, and which code a key belongs to. Text to values."""
