"""Keeps mirrors of remotes in the cache, and reads them."""
