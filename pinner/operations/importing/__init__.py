"""From what other tools pin with to manifests and locks: read, place, recognise, write. Nothing of a source is run."""
