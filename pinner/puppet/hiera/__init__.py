"""Hiera hierarchies and YAML scalars as Puppet reads them."""
