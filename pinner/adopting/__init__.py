"""Start a project or take over an existing setup: `init`, `import`, `identify` and `demo`."""
