"""The files of a user's project: discovery, manifests, settings, locks, atomic writes. Never asks git or a remote."""
