"""A project and its upstreams in a directory of their own, driven as a user drives them: by the command line."""

import contextlib
import io
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pinner.cli.main import run
from tests.support.repositories import init_bare

WHO = "Upstream <upstream@example.org>"
START = 1_700_000_000
DAY = 86_400
_ID_LENGTH = 40
NO_CONFIG = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


@dataclass(frozen=True)
class Result:
    """How a command ended: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Upstream:
    """A real bare repository that changes as upstreams do; every commit is a day after the one before."""

    path: Path
    module: str
    days: int = 0

    def git(self, *arguments: str, given: str | None = None) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.path), *arguments],
            input=given,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, **NO_CONFIG},
        )
        return done.stdout.strip()

    def commit(
        self,
        branch: str,
        *,
        version: str | None = None,
        needs: Mapping[str, str] | None = None,
        name: str | None = None,
        files: Mapping[str, str] | None = None,
        start: str | None = None,
        message: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> str:
        """Add a commit to `branch` (a new one starts at `start`, a ref) and return its id; no version, no module."""
        self.days += 1
        parent = self.id(start) if start else self._head(branch)
        contents = dict(files or {})
        if version is not None:
            contents["metadata.json"] = _metadata(
                name or f"openstack-{self.module}", version, needs or {}, metadata or {}
            )
        if contents.keys() & {"metadata.json", "Modulefile"}:
            contents.setdefault("manifests/init.pp", f"class {self.module} {{\n}}\n# {self.days}\n")
        else:
            contents.setdefault("README.md", f"# {self.days}\n")
        when = START + self.days * DAY
        lines = [
            f"commit refs/heads/{branch}\nmark :1\ncommitter {WHO} {when} +0000\n",
            _data(message or f"Change {self.days}"),
        ]
        lines += [f"from {parent}\n"] if parent else []
        lines += [
            "deleteall\n",
            *(f"M 100644 inline {path}\n{_data(text)}" for path, text in contents.items()),
            "\nget-mark :1\n",
        ]
        return self.git("fast-import", "--quiet", "--force", given="".join(lines))

    def tag(self, name: str, target: str, *, is_annotated: bool = True) -> str:
        """Put a tag on a commit or ref, moving it if it is there, and return the commit."""
        who = ["-c", "user.name=Upstream", "-c", "user.email=upstream@example.org"]
        options = ["--annotate", "--message", name] if is_annotated else []
        commit = self.id(target)
        self.git(*who, "tag", "--force", *options, name, commit)
        return commit

    def delete(self, ref: str) -> None:
        self.git("update-ref", "-d", ref)

    def move(self, ref: str, commit: str) -> None:
        self.git("update-ref", ref, commit)

    def pack(self) -> None:
        """Put all objects into one pack, so that few files are copied."""
        self.git("-c", "repack.writeBitmaps=false", "repack", "-a", "-d", "--quiet")

    def id(self, ref: str) -> str:
        branch = ref.removeprefix("refs/heads/")
        head = self._head(branch) if branch != ref else None
        return head or self.git("rev-parse", "--verify", f"{ref}^{{commit}}")

    def has(self, ref: str) -> bool:
        return bool(self.git("for-each-ref", "--format=%(refname)", ref))

    def _head(self, branch: str) -> str | None:
        """Return a branch's commit: from its file if it has one, as a process for each of thousands of commits adds up."""
        file = self.path / "refs/heads" / branch
        if not (self.path / "reftable").exists():
            if file.is_file() and len(text := file.read_text().strip()) == _ID_LENGTH:
                return text
            if not (self.path / "packed-refs").exists():
                return None
        rows = self.git("for-each-ref", "--format=%(refname) %(objectname)", f"refs/heads/{branch}")
        return dict(row.split() for row in rows.splitlines()).get(f"refs/heads/{branch}")


@dataclass
class Cloud:
    """A project in `root/project`, upstreams in `root/upstreams`, a cache in `root/cache`."""

    root: Path
    settings: str = ""
    upstreams: dict[str, Upstream] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.project = self.root / "project"
        (self.project / "environments").mkdir(parents=True)
        self.write_settings()

    def write_settings(self, more: str = "") -> None:
        upstreams = self.root / "upstreams"
        self.project.joinpath("pinner.yaml").write_text(
            "rewrite:\n"
            f'  "https://opendev.org/": "{upstreams}/"\n'
            f'  "https://github.com/": "{upstreams}/"\n'
            f'  "https://git.example.net/": "{upstreams}/private/"\n'
            f"cache: {self.root / 'cache'}\nretries: 0\n{more}"
        )

    def upstream(self, module: str, *, owner: str = "openstack", repository: str | None = None) -> Upstream:
        """Return an upstream, made empty where it was not there yet."""
        path = self.root / "upstreams" / owner / f"{repository or f'puppet-{module}'}.git"
        key = str(path)
        if key not in self.upstreams:
            init_bare(path, branch="master")
            self.upstreams[key] = Upstream(path, module)
        return self.upstreams[key]

    def take(self, made: "Cloud") -> "Cloud":
        """Take copies of another project's upstreams, which are built once and never changed, and return this one."""
        for upstream in made.upstreams.values():
            path = self.root / upstream.path.relative_to(made.root)
            path.parent.mkdir(parents=True, exist_ok=True)
            copy_tree(str(upstream.path), str(path))
            self.upstreams[str(path)] = replace(upstream, path=path)
        return self

    def manifest(self, environment: str, text: str) -> Path:
        path = self.project / "environments" / f"{environment}.yaml"
        path.write_text(text)
        return path

    def lock_path(self, environment: str) -> Path:
        return self.project / "environments" / f"{environment}.lock"

    def lock(self, environment: str) -> Any:
        return json.loads(self.lock_path(environment).read_text())

    def run(self, *arguments: str) -> Result:
        """Run pinner in the project's directory, as `cd project && pinner ARGUMENTS` does."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.chdir(self.project), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(arguments)
        return Result(code, out.getvalue(), err.getvalue())


def copy_tree(source: str, target: str) -> None:
    """Copy the files of a directory without their modes and times: as fast as possible, for it is done thousands of times."""
    Path(target).mkdir()
    for entry in os.scandir(source):
        copy = f"{target}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            copy_tree(entry.path, copy)
        else:
            shutil.copyfile(entry.path, copy, follow_symlinks=False)


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"


def _metadata(name: str, version: str, needs: Mapping[str, str], more: Mapping[str, Any]) -> str:
    rows = [{"name": other, "version_requirement": wanted} for other, wanted in needs.items()]
    return json.dumps({"name": name, "version": version, "dependencies": rows, **more}, indent=2) + "\n"
