"""Resolve what manifests require into locks, and check locks."""
