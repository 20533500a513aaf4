"""A made module of many classes, in versions in which ever more of them differ."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from tools.bench.cost import measure
from tools.bench.serving import Server
from tools.bench.site import Project, Site, lead_to

FILES = 2000
COUNTS = (1, 10, 100, 1000)
PARAMETERS = 12
_WHO = "Upstream <upstream@example.org> 1700000000 +0000"


def build_many_files(work: Path) -> Project:
    """Build the upstream and a locked project: environment `before`, and `after_N` with N files changed."""
    repository = work / "upstreams" / "git.example.net" / "puppet-many.git"
    repository.parent.mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", "--bare", str(repository)], check=True)
    subprocess.run(
        ["git", "-C", str(repository), "fast-import", "--quiet"],
        input="".join(_stream()).encode(),
        check=True,
    )
    site = Site(work, Server("", "", work / "requests"))
    for name in ("before", *(f"after_{count}" for count in COUNTS)):
        site.write(
            f"project/environments/{name}.yaml",
            f'modules:\n  many: {{git: "https://git.example.net/puppet-many", branch: {name}}}\n',
        )
    project = lead_to(site, work / "upstreams")
    measure(project.pinner("lock"))
    return project


def _stream() -> Iterator[str]:
    metadata = '{"name": "acme-many", "version": "1.0.0", "dependencies": []}\n'
    yield f"commit refs/heads/before\nmark :1\ncommitter {_WHO}\n{_data('before')}"
    yield f"M 100644 inline metadata.json\n{_data(metadata)}"
    yield from (_class(number, "1") for number in range(FILES))
    for count in COUNTS:
        yield f"commit refs/heads/after_{count}\ncommitter {_WHO}\n{_data('after')}from :1\n"
        yield from (_class(number, "2") for number in range(count))


def _class(number: int, default: str) -> str:
    parameters = "".join(f"  $parameter{each} = {default},\n" for each in range(PARAMETERS))
    text = f"# A class.\nclass many::class{number} (\n{parameters}) {{\n  notice($parameter0)\n}}\n"
    return f"M 100644 inline manifests/class{number}.pp\n{_data(text)}"


def _data(text: str) -> str:
    return f"data {len(text)}\n{text}\n"
