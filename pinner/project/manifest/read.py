"""Define what a manifest may contain, read manifests, and merge them with the bases they extend.

`python -m tools.write_schemas` makes the JSON Schema from the same definition. Invalid values of damaged manifests are
removed.

Maps merge, lists and scalars replace, and every value keeps its original location. Two rules keep a merged
module consistent: a selector in the upper file replaces the selector below (with its `as_of`), and `git` and
`forge` replace each other (a `forge` also replaces every selector below except `version`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pinner.model.errors import Location, Problem
from pinner.model.lock import Externals, SelectorKind
from pinner.model.manifest import Ignored, Manifest, Override, Text
from pinner.model.rules import IGNORED, check_ignored
from pinner.model.text import nearest
from pinner.project.files import Project, list_environments, select_environments
from pinner.project.yaml.nodes import (
    MappingEntry,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    entries_at,
    map_at,
    text_at,
    texts_at,
    texts_by_key,
)
from pinner.project.yaml.schema import (
    BRANCH,
    CODE,
    DAY,
    DEPENDENCY,
    HIERA,
    LINE,
    MODULE_NAME,
    PROSE,
    RANGE,
    RELEASE,
    URL,
    Boolean,
    Choice,
    Field,
    ListOf,
    MapOf,
    NumberKind,
    OneOf,
    Record,
    Scalar,
    check_base,
    check_exclusive,
    check_platform,
    check_puppet_version,
    check_template,
    position_of,
    read_described,
)
from pinner.puppet.names import (
    check_commit,
    check_forge_name,
    check_forge_version,
    check_install_path,
    check_moduledir,
    check_tag,
)

SELECTORS = ("release", "branch", "tag", "commit", "version")

_COOLDOWN_DAYS = NumberKind("a whole number of days from 0 to 365", 0, 365)

_MODULE_FIELDS = (
    Field(
        "release",
        RELEASE,
        "The OpenStack release to take this module from, by id or code name.",
        ("2025.1", "icehouse"),
    ),
    Field(
        "branch",
        BRANCH,
        "The branch to take, by its short name.",
        ("stable/2025.1",),
    ),
    Field(
        "tag",
        Scalar("a tag", check_tag, may_look_like_number=True),
        "The tag to take, by its short name.",
        ("31.0.0",),
    ),
    Field(
        "commit",
        Scalar("a commit", check_commit, "^[0-9a-f]{40}$", may_look_like_number=True),
        "The commit to take: all 40 hex digits.",
        ("0123456789abcdef0123456789abcdef01234567",),
    ),
    Field(
        "version",
        RANGE,
        "Take the newest release tag in this range, in Puppet's range syntax; with 'forge', one exact version.",
        (">= 9.0.0 < 10.0.0", "1.2.3"),
    ),
    Field(
        "as_of",
        DAY,
        "Take the branch, the release's branch or the tags as they were at the end of that day (UTC).",
        ("2026-05-01",),
    ),
    Field(
        "git",
        URL,
        "The repository, if it is not the catalogue's.",
        ("https://git.example.net/puppet-horizon",),
    ),
    Field(
        "forge",
        Scalar("owner/module", check_forge_name, "^[A-Za-z0-9]+/[a-z][a-z0-9_]*$"),
        "The module's name on the Puppet Forge; r10k fetches it from there, git does not pin it. Needs an exact 'version'.",
        ("acme/facts",),
    ),
    Field(
        "install_path",
        Scalar(
            "a directory",
            check_install_path,
            "^[A-Za-z0-9_.][A-Za-z0-9_./-]*$",
            may_look_like_number=True,
        ),
        "The directory inside the environment that contains this module's directory, if it is not the moduledir.",
        ("hiera",),
    ),
    Field(
        "cooldown",
        _COOLDOWN_DAYS,
        "The manifest's cooldown for this module alone; 0 for none.",
        (7,),
    ),
    Field("module", Boolean(), "false for a git repository that is not a Puppet module.", (False,)),
    Field(
        "reason",
        LINE,
        "Why the module is not taken as the release has it; shown in reports.",
        ("login page, review 91234",),
    ),
    Field(
        "until",
        DAY,
        "The date after which the override must be reviewed; from then on it is a finding.",
        ("2026-12-31",),
    ),
)

MODULE = Record(
    "a map",
    _MODULE_FIELDS,
    exclusive=(
        *((one, other) for i, one in enumerate(SELECTORS) for other in SELECTORS[i + 1 :]),
        ("tag", "as_of"),
        ("commit", "as_of"),
        ("git", "forge"),
        ("cooldown", "forge"),
        *((key, "forge") for key in ("release", "branch", "tag", "commit", "as_of")),
    ),
)

_DEPENDENCIES = Record(
    "a map",
    (
        Field(
            "externals",
            Choice("'declared', 'integration' or 'newest'", ("declared", "integration", "newest")),
            "Where pins of third-party modules come from: 'declared' = only what the manifest names (default); 'integration' = what "
            "puppet-openstack-integration's gate runs for the release; 'newest' = the newest release tags that satisfy every module.",
            ("integration",),
        ),
        Field(
            "ignore",
            ListOf("a list of modules", DEPENDENCY),
            "Dependencies to ignore.",
            (["apt"],),
        ),
        Field(
            "override",
            MapOf(
                "a map of modules",
                MODULE_NAME,
                MapOf("a map of dependencies", DEPENDENCY, RANGE),
            ),
            "For a module whose metadata is wrong: the range to use for one of its dependencies instead.",
            ({"openstacklib": {"rabbitmq": ">= 8.4.0"}},),
        ),
    ),
)

MANIFEST = Record(
    "a map",
    (
        Field("description", PROSE, "What the environment is.", ("Public cloud, region one",)),
        Field(
            "owners",
            ListOf("a list of owners", LINE),
            "The people responsible for it; shown in reports.",
            (["cloud@example.org"],),
        ),
        Field(
            "extends",
            Scalar("the name of a base", check_base, "^_?[a-z][a-z0-9_]*$"),
            "Another environment, or a base (environments/_x.yaml), to start from: maps merge key by key, lists and scalars replace.",
            ("_base",),
        ),
        Field(
            "release",
            RELEASE,
            "The OpenStack release, by id or code name, from essex on.",
            ("2025.1", "epoxy"),
        ),
        Field(
            "platforms",
            MapOf(
                "a map of operating systems",
                Scalar("an operating system", check_platform),
                ListOf("a list of releases", Scalar("a release", check_platform, may_look_like_number=True)),
            ),
            "Operating systems, with their releases, that the modules must support; an empty list means any release. "
            "Defaults and conditions in code are evaluated for these, or without any for the usual ones.",
            ({"Ubuntu": ["24.04"]},),
        ),
        Field(
            "puppet",
            Scalar("a version of Puppet", check_puppet_version, "^[0-9]+\\.[0-9]+\\.[0-9]+$"),
            "The version of Puppet that the modules must support.",
            ("8.10.0",),
        ),
        Field(
            "openvox",
            Scalar("a version of OpenVox", check_puppet_version, "^[0-9]+\\.[0-9]+\\.[0-9]+$"),
            "The version of OpenVox that the modules must support, instead of 'puppet'; beside it during a migration. A module that "
            "names only Puppet in its metadata is judged by that range.",
            ("8.19.0",),
        ),
        Field(
            "openstack",
            OneOf(Choice("'all'", ("all",)), ListOf("a list of modules", MODULE_NAME)),
            "Modules of the catalogue that follow the release, by their names in that release; 'all': every one that exists in it.",
            (["keystone", "nova", "glance"], "all"),
        ),
        Field(
            "modules",
            MapOf(
                "a map of modules",
                MODULE_NAME,
                OneOf(Boolean((False,)), MODULE),
                "write '{key}: {{}}' to take it as the release has it, or '{key}: false' to leave it out",
            ),
            "Modules that do not simply follow the release, and all that the catalogue does not know; false leaves one out.",
            ({"nova": {"tag": "31.0.0"}, "ceph": False},),
        ),
        Field("dependencies", _DEPENDENCIES, "How the modules' own dependencies are met."),
        Field(
            "findings",
            Record(
                "a map",
                (
                    Field(
                        "ignore",
                        ListOf(
                            "a list of findings",
                            Scalar("a finding", check_ignored, "^[a-z][a-z0-9-]*(:[a-z][a-z0-9_]*)?$"),
                        ),
                        "Findings to pass over, as CODE or CODE:MODULE.",
                        ([*IGNORED],),
                    ),
                ),
            ),
            "Findings of this environment that are known and accepted.",
        ),
        Field(
            "moduledir",
            Scalar(
                "a directory",
                check_moduledir,
                "^[A-Za-z0-9_.][A-Za-z0-9_./-]*$",
                may_look_like_number=True,
            ),
            "The directory inside the environment that contains its modules; 'modules' if not given.",
            ("modules",),
        ),
        Field(
            "modulepath",
            ListOf(
                "a list of directories",
                Scalar(
                    "a directory",
                    check_moduledir,
                    "^[A-Za-z0-9_.][A-Za-z0-9_./-]*$",
                    may_look_like_number=True,
                ),
            ),
            "The directories of environment.conf's modulepath, in their order, such as the control repository's own modules; those of "
            "pinned modules that are missing here follow, then $basemodulepath.",
            (["site-modules", "modules"],),
        ),
        Field(
            "cooldown",
            _COOLDOWN_DAYS,
            "Days (whole ones, UTC) that 'update' waits before it takes a commit of a branch, by the committer's date, or a tag, by "
            "the tagger's. Security fixes that the release notes name are taken at once.",
            (7,),
        ),
        HIERA,
        CODE,
        Field(
            "template",
            Scalar("a template", check_template, "^[A-Za-z0-9][A-Za-z0-9_.-]*$", may_look_like_number=True),
            "The template of the Puppetfile: a file of Puppetfile.templates, without '.j2'; 'default' if not given.",
            ("default",),
        ),
    ),
)


_EMPTY = "the manifest is empty"
_EMPTY_HINT = (
    "write at least a release and the modules to run, such as 'release: 2025.1' and 'openstack: all'"
)


@dataclass(frozen=True, slots=True)
class File:
    """One manifest on disk; `root` is None if no map could be read, and unusable if there are problems."""

    name: str
    path: str
    root: MappingNode | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """A manifest merged with its bases (nearest first); `is_sound` means that no file has a problem."""

    file: File
    bases: tuple[str, ...] = ()
    root: MappingNode | None = None
    is_sound: bool = False


@dataclass(slots=True)
class ManifestLoader:
    """The manifests of a project, each read once; `problems` has all problems in the order of reading.

    `edited` maps names to contents that are read instead of those on disk.
    """

    project: Project
    edited: Mapping[str, bytes] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _names: frozenset[str] | None = None
    _file_by_name: dict[str, File] = field(default_factory=dict)
    _merged_by_name: dict[str, Merged] = field(default_factory=dict)
    _extended: set[str] = field(default_factory=set)

    def file(self, name: str) -> File:
        """Return the file of that environment or base; it is read once."""
        if name not in self._file_by_name:
            path = self.project.manifest(name)
            found = read_described(self.project, path, MANIFEST, edited=self.edited.get(name))
            shown, problems = self.project.shown(path), found.problems
            if found.root is None and not problems:
                problems = (Problem(_EMPTY, Location(shown), _EMPTY_HINT),)
            self._file_by_name[name] = File(name, shown, found.root, problems)
            self.problems += problems
        return self._file_by_name[name]

    def merged(self, name: str) -> Merged:
        """Return the manifest of that name merged with all its bases; problems are added to the loader's."""
        chain = [self.file(name)]
        seen = {name}
        while (base := extended(chain[-1])) and base.text not in seen and base.text in self._known():
            seen.add(base.text)
            self._extended.add(base.text)
            chain.append(self.file(base.text))
        for file in reversed(chain):
            if file.name not in self._merged_by_name:
                self._merged_by_name[file.name] = self._lay(file)
        return self._merged_by_name[name]

    def forget(self, name: str) -> None:
        """Drop a file that nothing has extended so far; it is read again if something extends it later."""
        if name not in self._extended:
            self._file_by_name.pop(name, None)
            self._merged_by_name.pop(name, None)

    def _lay(self, file: File) -> Merged:
        base = extended(file)
        if base is None:
            return Merged(file, (), file.root, is_sound=not file.problems)
        below = self._merged_by_name.get(base.text)
        if below is None:
            self.problems += self._lost(file, base)
            return Merged(file, (base.text,), file.root)
        is_sound = below.is_sound and not file.problems
        root = merge(below.root, file.root) if below.root and file.root else file.root
        return Merged(file, (base.text, *below.bases), root, is_sound=is_sound)

    def _lost(self, file: File, base: ScalarNode) -> tuple[Problem, ...]:
        """Return why a base is not available: it is missing, or the files extend each other in a circle."""
        if base.text in self._known():
            return (self._circle(file),)
        if check_base(base.text):
            return ()
        file_name = self.project.shown(self.project.manifest("_base"))
        hint = nearest(base.text, self._known()) or f"a base is a file '{file_name}'"
        message = f"extends: environment or base '{base.text}' does not exist"
        return (Problem(message, base.place, hint),)

    def _known(self) -> frozenset[str]:
        if self._names is None:
            listing = list_environments(self.project)
            self._names = frozenset((*listing.environments, *listing.bases))
        return self._names

    def _circle(self, last: File) -> Problem:
        """Return the problem of a circle at its first member by name, whichever member was read first."""
        files = [last]
        while (base := extended(files[-1])) and base.text != last.name:
            files.append(self.file(base.text))
        start = min(range(len(files)), key=lambda index: files[index].name)
        names = [file.name for file in files[start:] + files[:start]]
        extends = extended(files[start])
        way = " extends ".join(f"'{name}'" for name in (*names, names[0]))
        place = extends.place if extends else Location(files[start].path)
        return Problem(f"extends: circular: {way}", place, "remove 'extends' from one of them")


def extended(file: File) -> ScalarNode | None:
    """Return the name that the file extends, or None."""
    entry = file.root.entries.get("extends") if file.root else None
    return entry.value if entry and isinstance(entry.value, ScalarNode) else None


def merge(below: MappingNode, above: MappingNode) -> MappingNode:
    """Return a manifest's root merged over that of its base."""
    merged = _merge(below, above)
    old, new = below.entries.get("modules"), above.entries.get("modules")
    if old and new and isinstance(old.value, MappingNode) and isinstance(new.value, MappingNode):
        upper = new.value.entries
        kept = {name: _strip(entry, upper.get(name)) for name, entry in old.value.entries.items()}
        modules = _merge(MappingNode(kept, old.value.place), new.value)
        merged.entries["modules"] = MappingEntry(new.key, modules)
    return merged


def _merge(below: MappingNode, above: MappingNode) -> MappingNode:
    entries = dict(below.entries)
    for key, entry in above.entries.items():
        old = entries.get(key)
        entries[key] = entry
        if old and isinstance(old.value, MappingNode) and isinstance(entry.value, MappingNode):
            entries[key] = MappingEntry(entry.key, _merge(old.value, entry.value))
    return MappingNode(entries, above.place)


def _strip(below: MappingEntry, above: MappingEntry | None) -> MappingEntry:
    """Return the lower module without the keys that the upper one replaces without naming them."""
    if above is None or not isinstance(below.value, MappingNode) or not isinstance(above.value, MappingNode):
        return below
    hidden: set[str] = set()
    if above.value.entries.keys() & set(SELECTORS):
        hidden |= {*SELECTORS, "as_of"}
    if "git" in above.value.entries:
        hidden |= {"forge", "version"} if "forge" in below.value.entries else {"forge"}
    if "forge" in above.value.entries:
        hidden |= {"git", "as_of", *SELECTORS} - {"version"}
    kept = {key: entry for key, entry in below.value.entries.items() if key not in hidden}
    return MappingEntry(below.key, MappingNode(kept, below.value.place))


def prune(root: MappingNode, problems: Iterable[Problem]) -> MappingNode:
    """Return the root without the values that have a problem.

    Of `openstack` only the names with a problem are removed, of `modules` whole modules, because a partial
    module would mean something else. `release` is kept because an invalid release is not the same as none.
    """
    wrong = frozenset(problem.place for problem in problems if problem.place)
    entries: dict[str, MappingEntry] = {}
    for key, entry in root.entries.items():
        if key == "modules" and isinstance(entry.value, MappingNode):
            sound = {name: one for name, one in entry.value.entries.items() if not _is_wrong(one, wrong)}
            entries[key] = MappingEntry(entry.key, MappingNode(sound, entry.value.place))
        elif key == "openstack" and isinstance(entry.value, SequenceNode):
            items = tuple(item for item in entry.value.items if not _holds(item, wrong))
            entries[key] = MappingEntry(entry.key, SequenceNode(items, entry.value.place))
        elif key == "release" or not _is_wrong(entry, wrong):
            entries[key] = entry
    return MappingNode(entries, root.place)


def _is_wrong(entry: MappingEntry, wrong: frozenset[Location]) -> bool:
    return entry.key.place in wrong or _holds(entry.value, wrong)


def _holds(node: Node, wrong: frozenset[Location]) -> bool:
    if node.place in wrong:
        return True
    if isinstance(node, MappingNode):
        return any(_is_wrong(entry, wrong) for entry in node.entries.values())
    return isinstance(node, SequenceNode) and any(_holds(item, wrong) for item in node.items)


@dataclass(frozen=True, slots=True)
class ManifestsRead:
    """The manifests without a problem, in the order requested, and all problems in the order of reading.

    `damaged` are the others without the values that have a problem; they serve only to find further problems.
    """

    manifests: tuple[Manifest, ...]
    problems: tuple[Problem, ...] = ()
    damaged: tuple[Manifest, ...] = ()


def read_manifests(
    project: Project, environments: tuple[str, ...] = (), *, edited: Mapping[str, bytes] | None = None
) -> ManifestsRead:
    """Return those environments' manifests, merged with their bases; all environments' if none is named.

    All problems are gathered: unknown names, files that cannot be read, and invalid values. If all
    environments are read, so are the bases that nothing extends. `edited` maps names of manifests to contents to
    read instead of those on disk.
    """
    listing = select_environments(project, environments)
    loader = ManifestLoader(project, edited or {})
    loader.problems += listing.problems
    manifests: list[Manifest] = []
    damaged: list[Manifest] = []
    for name in listing.environments:
        merged = loader.merged(name)
        if merged.root is not None:
            flaws = _flaws(merged, merged.root)
            loader.problems += flaws
            if merged.is_sound and not flaws:
                manifests.append(_build(merged, merged.root))
            else:
                damaged.append(_build(merged, prune(merged.root, loader.problems)))
        loader.forget(name)
    for name in listing.bases:
        loader.file(name)
    return ManifestsRead(tuple(manifests), in_order(loader.problems), tuple(damaged))


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return each problem once, grouped by file in the order of reading, and sorted by line."""
    problems = tuple(problems)
    paths = [problem.place.path if problem.place else "" for problem in problems]
    rank = {path: number for number, path in enumerate(dict.fromkeys(paths))}
    unique = dict.fromkeys(problems)
    return tuple(
        sorted(unique, key=lambda one: (rank[one.place.path if one.place else ""], position_of(one)))
    )


def _flaws(merged: Merged, root: MappingNode) -> tuple[Problem, ...]:
    """Return the problems that only exist once the bases are merged, although each file is well formed."""
    modules = entries_at(root, "modules")
    flaws = tuple(flaw for name, entry in modules.items() for flaw in _module_flaws(name, entry))
    is_any_left = any(isinstance(entry.value, MappingNode) for entry in modules.values())
    named = root.entries["openstack"].value if "openstack" in root.entries else None
    is_any_named = named is not None and not (isinstance(named, SequenceNode) and not named.items)
    if is_any_left or is_any_named or not merged.is_sound:
        return flaws
    message = f"environment '{merged.file.name}' has no modules"
    hint = "name catalogue modules under 'openstack:', or any module under 'modules:'"
    return (*flaws, Problem(message, Location(merged.file.path), hint))


def _module_flaws(name: str, entry: MappingEntry) -> tuple[Problem, ...]:
    if not isinstance(entry.value, MappingNode):
        return ()
    at = f"modules.{name}"
    exclusive = check_exclusive(MODULE, entry.value, at=at)
    forge = text_at(entry.value, "forge")
    if exclusive or forge is None:
        return exclusive
    version = text_at(entry.value, "version")
    if version is None:
        return (
            Problem(
                f"{at}: 'forge' needs a 'version'", forge.place, "add the exact one, such as 'version: 1.2.3'"
            ),
        )
    flaw = check_forge_version(version.value)
    return (Problem(f"{at}.version: {flaw}", version.place),) if flaw else ()


def _build(merged: Merged, root: MappingNode) -> Manifest:
    dependencies = map_at(root, "dependencies")
    description, moduledir, template = (
        text_at(root, key) for key in ("description", "moduledir", "template")
    )
    externals = text_at(dependencies, "externals")
    platforms, overridden = map_at(root, "platforms"), map_at(dependencies, "override")
    return Manifest(
        environment=merged.file.name,
        path=merged.file.path,
        bases=merged.bases,
        description=description.value if description else None,
        owners=tuple(text.value for text in texts_at(root, "owners")),
        release=text_at(root, "release"),
        platforms={
            name: tuple(text.value for text in texts_at(platforms, name))
            for name in entries_at(root, "platforms")
        },
        puppet=text_at(root, "puppet"),
        openvox=text_at(root, "openvox"),
        openstack=texts_at(root, "openstack"),
        openstack_all=text_at(root, "openstack"),
        modules={name: _override(name, entry) for name, entry in entries_at(root, "modules").items()},
        externals=Externals(externals.value) if externals else Externals.DECLARED,
        ignored_dependencies=texts_at(dependencies, "ignore"),
        overridden_dependencies={
            module: texts_by_key(map_at(overridden, module))
            for module in entries_at(dependencies, "override")
        },
        ignored_findings=tuple(_ignored(text) for text in texts_at(map_at(root, "findings"), "ignore")),
        moduledir=moduledir.value if moduledir else "modules",
        modulepath=tuple(dict.fromkeys(text.value for text in texts_at(root, "modulepath"))),
        template=template.value if template else "default",
        hiera=texts_at(root, "hiera"),
        code=texts_at(root, "code"),
        cooldown=text_at(root, "cooldown"),
    )


def _override(name: str, entry: MappingEntry) -> Override:
    if not isinstance(entry.value, MappingNode):
        return Override(name, entry.key.place, is_left_out=True)
    texts = texts_by_key(entry.value)
    forge = texts.get("forge")
    selector = (
        None if forge else next((selector for selector in SelectorKind if selector.value in texts), None)
    )
    return Override(
        module=name,
        place=entry.key.place,
        git=texts.get("git"),
        selector=selector,
        value=texts[selector.value] if selector else None,
        as_of=texts.get("as_of"),
        forge=forge,
        forge_version=texts.get("version") if forge else None,
        install_path=texts.get("install_path"),
        is_module="module" not in texts or texts["module"].value == "true",
        reason=texts.get("reason"),
        until=texts.get("until"),
        cooldown=texts.get("cooldown"),
    )


def _ignored(text: Text) -> Ignored:
    code, _, module = text.value.partition(":")
    return Ignored(code, module or None, text.place)
