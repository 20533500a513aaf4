"""Define what a manifest may contain; `python -m tools.write_schemas` makes the JSON Schema from it."""

from pinner.model.rules import check_ignored
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
    check_platform,
    check_puppet_version,
    check_tag,
    check_template,
)
from pinner.puppet.names import check_commit, check_forge_name, check_install_path, check_moduledir

SELECTORS = ("release", "branch", "tag", "commit", "version")

_COOLDOWN_DAYS = NumberKind("a whole number of days from 0 to 365", 0, 365)


def _cooldown(description: str) -> Field:
    return Field("cooldown", _COOLDOWN_DAYS, description, (7,))


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
    _cooldown("The manifest's cooldown for this module alone; 0 for none."),
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
                        (["end-of-life", "dependency-missing:horizon"],),
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
        _cooldown(
            "Days (whole ones, UTC) that 'update' waits before it takes a commit of a branch, by the committer's date, or a tag, by "
            "the tagger's. Security fixes that the release notes name are taken at once."
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
