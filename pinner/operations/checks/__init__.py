"""The checks of a pinned environment: each takes one `PinnedEnvironment` and yields findings. No check asks a remote."""
