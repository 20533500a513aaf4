"""Commands that examine pins and locks: status, id, outdated, why, find, bisect and sbom."""
