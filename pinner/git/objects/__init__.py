"""Reads the objects of mirrors, and compares them with plain directories."""
