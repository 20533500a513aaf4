"""Provide what all use cases share: a run's project, mirrors and cache, and readers of pinned commits."""
