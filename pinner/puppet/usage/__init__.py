"""The operator's data and code held against the modules' code: what is gone, deprecated, or does not fit."""
