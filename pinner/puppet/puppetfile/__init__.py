"""Puppetfiles: read, checked and written as r10k reads them."""
