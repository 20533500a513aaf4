"""OpenStack's series, modules and release notes, read from packaged data only."""
