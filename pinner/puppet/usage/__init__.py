"""Checks of the operator's data and code against module code."""
