"""Commands that make, renew and check locks."""
