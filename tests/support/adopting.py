"""What a project that was imported generates: the modules of its Puppetfiles, by name."""

from collections.abc import Mapping

from pinner.puppet.puppetfile.reader import read_puppetfile
from tests.support.cloud import Cloud, Result


def adopt(cloud: Cloud, *arguments: str) -> Result:
    """Import, lock what has no lock yet, and generate; the answer is the import's."""
    result = cloud.run("import", *arguments)
    assert result.code == 0, result.err
    locked = cloud.run("lock")
    assert locked.code == 0, locked.out + locked.err
    return result


def generated(cloud: Cloud, environment: str) -> Mapping[str, tuple[str | None, str | None]]:
    """Return module to URL and commit (of the Forge: owner/module and version), as r10k reads the Puppetfile."""
    result = cloud.run("generate", "--stdout", environment)
    assert result.code == 0, result.err
    reading = read_puppetfile(result.out)
    assert reading.problems == ()
    return {
        module.directory: (module.git or module.name, module.ref or module.version)
        for module in reading.puppetfile.modules
    }
