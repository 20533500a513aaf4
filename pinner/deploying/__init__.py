"""Commands that deploy locks: generate, publish and verify --deployed, with Puppetfile templates."""
