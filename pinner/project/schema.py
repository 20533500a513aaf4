"""What may stand in a manifest, key by key: the one source of its reader and of its JSON Schema."""

from pinner.project import rules
from pinner.project import schema_words as words
from pinner.project.kinds import Choice, Either, Field, ListOf, MapOf, Record, Switch, Word
from pinner.puppet import names

SELECTORS = ("release", "branch", "tag", "commit", "version")

_MODULE_FIELDS = (
    Field(
        "release",
        words.RELEASE,
        "The OpenStack release to take this module from, by id or code name.",
        ("2025.1", "icehouse"),
    ),
    Field(
        "branch",
        words.BRANCH,
        "The branch to take, by its short name.",
        ("stable/2025.1",),
    ),
    Field(
        "tag",
        Word("a tag", rules.check_tag, may_look_like_number=True),
        "The tag to take, by its short name.",
        ("31.0.0",),
    ),
    Field(
        "commit",
        Word("a commit", names.check_commit, "^[0-9a-f]{40}$", may_look_like_number=True),
        "The commit to take: all 40 hex digits.",
        ("0123456789abcdef0123456789abcdef01234567",),
    ),
    Field(
        "version",
        words.RANGE,
        "Take the newest release tag in this range, in Puppet's range syntax; with 'forge', one exact version.",
        (">= 9.0.0 < 10.0.0", "1.2.3"),
    ),
    Field(
        "as_of",
        words.DAY,
        "Take the branch, the release's branch or the tags as they stood at the end of that day (UTC).",
        ("2026-05-01",),
    ),
    Field(
        "git",
        words.URL,
        "The repository, where the catalogue's is not meant.",
        ("https://git.example.net/puppet-horizon",),
    ),
    Field(
        "forge",
        Word("owner/module", names.check_forge_name, "^[A-Za-z0-9]+/[a-z][a-z0-9_]*$"),
        "The module's name on the Puppet Forge; r10k fetches it from there, git does not pin it. Needs an exact 'version'.",
        ("acme/facts",),
    ),
    Field(
        "install_path",
        Word(
            "a directory",
            names.check_install_path,
            "^[A-Za-z0-9_.][A-Za-z0-9_./-]*$",
            may_look_like_number=True,
        ),
        "The directory inside the environment that holds this module's directory, where it is not the moduledir.",
        ("hiera",),
    ),
    Field("module", Switch(), "false for a git repository that is no Puppet module.", (False,)),
    Field(
        "reason",
        words.LINE,
        "Why the module is not taken as the release has it; shown in reports.",
        ("login page, review 91234",),
    ),
    Field(
        "until",
        words.DAY,
        "The day after which the override is to be looked at again; a finding tells.",
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
        *((key, "forge") for key in ("release", "branch", "tag", "commit", "as_of")),
    ),
)

_DEPENDENCIES = Record(
    "a map",
    (
        Field(
            "externals",
            Choice("'declared', 'integration' or 'newest'", ("declared", "integration", "newest")),
            "Where pins of third-party modules come from: 'declared' = only what the manifest says (default); 'integration' = what "
            "puppet-openstack-integration's gate runs for the release; 'newest' = the newest release tags that satisfy every module.",
            ("integration",),
        ),
        Field(
            "ignore",
            ListOf("a list of modules", words.DEPENDENCY),
            "Dependencies that are not wanted here.",
            (["apt"],),
        ),
        Field(
            "override",
            MapOf(
                "a map of modules",
                words.MODULE,
                MapOf("a map of dependencies", words.DEPENDENCY, words.RANGE),
            ),
            "For a module whose metadata is wrong: the range to use for one of its dependencies instead.",
            ({"openstacklib": {"rabbitmq": ">= 8.4.0"}},),
        ),
    ),
)

MANIFEST = Record(
    "a map",
    (
        Field("description", words.PROSE, "What the environment is.", ("Public cloud, region one",)),
        Field(
            "owners",
            ListOf("a list of owners", words.LINE),
            "Whom to tell; shown in reports.",
            (["cloud@example.org"],),
        ),
        Field(
            "extends",
            Word("the name of a base", rules.check_base, "^_?[a-z][a-z0-9_]*$"),
            "Another environment, or a base (environments/_x.yaml), to start from: maps merge key by key, lists and scalars replace.",
            ("_base",),
        ),
        Field(
            "release",
            words.RELEASE,
            "The OpenStack release, by id or code name, from essex on.",
            ("2025.1", "epoxy"),
        ),
        Field(
            "platforms",
            MapOf(
                "a map of operating systems",
                Word("an operating system", rules.check_platform),
                ListOf(
                    "a list of releases", Word("a release", rules.check_platform, may_look_like_number=True)
                ),
            ),
            "Operating systems, with their releases, that the modules must support; an empty list means any release.",
            ({"Ubuntu": ["24.04"]},),
        ),
        Field(
            "puppet",
            Word("a version of Puppet", rules.check_puppet_version, "^[0-9]+\\.[0-9]+\\.[0-9]+$"),
            "The version of Puppet that the modules must support.",
            ("8.10.0",),
        ),
        Field(
            "openstack",
            Either(Choice("'all'", ("all",)), ListOf("a list of modules", words.MODULE)),
            "Modules of the catalogue that follow the release, called as in that release; 'all': every one that exists in it.",
            (["keystone", "nova", "glance"], "all"),
        ),
        Field(
            "modules",
            MapOf(
                "a map of modules",
                words.MODULE,
                Either(Switch((False,)), MODULE),
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
                            Word("a finding", rules.check_ignored, "^[a-z][a-z0-9-]*(:[a-z][a-z0-9_]*)?$"),
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
            Word(
                "a directory",
                names.check_moduledir,
                "^[A-Za-z0-9_.][A-Za-z0-9_./-]*$",
                may_look_like_number=True,
            ),
            "The directory inside the environment that holds its modules; 'modules' if not given.",
            ("modules",),
        ),
        Field(
            "template",
            Word(
                "a template", rules.check_template, "^[A-Za-z0-9][A-Za-z0-9_.-]*$", may_look_like_number=True
            ),
            "The template of the Puppetfile: a file of Puppetfile.templates, without '.j2'; 'default' if not given.",
            ("default",),
        ),
    ),
)
