"""Findings as a script reads them, in a shape that tests can compare."""

from tests.support.cloud import Cloud, Result

Told = tuple[str, str, str | None, str, str | None]


def told(result: Result, environment: str = "production") -> list[Told]:
    """Return level, code, module, message and hint of each finding of an environment."""
    found = next(row for row in result.json["environments"] if row["name"] == environment)
    return [
        (row["level"], row["code"], row["module"], row["message"], row["hint"]) for row in found["findings"]
    ]


def codes(result: Result, environment: str = "production") -> list[tuple[str, str | None]]:
    """Return code and module of each finding of an environment."""
    return [(code, module) for _, code, module, _, _ in told(result, environment)]


def verify(cloud: Cloud, *more: str) -> Result:
    """Run `pinner verify` for a script."""
    return cloud.run("verify", "--format", "json", *more)
