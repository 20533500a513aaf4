"""Commands that start a project, or read what another tool pins."""
