"""What can be wrong on a server: the findings of `verify --deployed`, and those of environments beside each other."""

from pinner.words.findings import Level
from pinner.words.rules import Rule

_ERROR, _WARNING, _INFO = Level.ERROR, Level.WARNING, Level.INFO

RULES_OF_SERVERS = (
    Rule(
        "deployed-missing",
        _ERROR,
        "A module of the lock, or all of an environment, is not where it would be deployed.",
        "Deploy the environment, or name the environments that this server has: `verify --deployed DIR ENV…`.",
    ),
    Rule(
        "deployed-other-commit",
        _ERROR,
        "The module's files are those of another commit than the locked one.",
        "Deploy the environment, or, where the server is right, lock that commit.",
    ),
    Rule(
        "deployed-other-version",
        _ERROR,
        "A module from the Forge says in its metadata.json that it has another version than the locked one.",
        "Deploy the environment.",
    ),
    Rule(
        "deployed-changed",
        _ERROR,
        "A file's content is not that of the locked commit: somebody edited it on the server, or a copy broke it.",
        "Deploy the environment; take an edit that is needed into the module's repository first.",
    ),
    Rule(
        "deployed-missing-file",
        _ERROR,
        "A file or directory of the locked commit is not there.",
        "Deploy the environment.",
    ),
    Rule(
        "deployed-extra-file",
        _ERROR,
        "A file or directory lies in a module and not in its locked commit.",
        "Delete it: deployment leaves files alone that git does not know.",
    ),
    Rule(
        "deployed-link",
        _ERROR,
        "Where the locked commit has a symbolic link there is a file or a directory, or the other way round, or the "
        "link leads elsewhere.",
        "Deploy the environment; copy environments with links kept (`cp -a`, `rsync -a`).",
    ),
    Rule(
        "deployed-line-endings",
        _ERROR,
        "Files differ from the locked commit only in how their lines end.",
        "Set git's core.autocrlf to false where the environment is deployed, and deploy it anew.",
    ),
    Rule(
        "deployed-mode",
        _WARNING,
        "Files have lost their executable bit, or got one; their content is that of the locked commit.",
        "Deploy the environment; a task or script without the bit cannot be run.",
    ),
    Rule(
        "deployed-unknown-module",
        _ERROR,
        "A directory lies among the environment's modules that its lock does not name; Puppet loads it all the same.",
        "Delete it, or add the module to the manifest.",
    ),
    Rule(
        "deployed-generated",
        _ERROR,
        "A file that `pinner generate` wrote says something else than the lock: a Puppetfile with other commits, or "
        "the lock id that reports carry.",
        "Generate or publish the files anew, and deploy the environment.",
    ),
    Rule(
        "deployed-unread",
        _ERROR,
        "Something could not be read, on the server or of the locked commit, so that nothing is known about it; the "
        "command ends with exit code 3.",
        "Follow the hint, then run again.",
    ),
    Rule(
        "deployed-not-compared",
        _INFO,
        "Part of what is deployed has nothing to be compared with: the files of a Forge module, or a submodule.",
        "Nothing; a module that is pinned by git can be compared.",
    ),
    Rule(
        "deployed-without-spec",
        _INFO,
        "Modules are deployed without their `spec` directory, which r10k leaves out (`exclude_spec`); all else is as "
        "locked.",
        "Nothing.",
    ),
    Rule(
        "deployed-not-locked",
        _INFO,
        "A directory lies among the environments that the project has no manifest for.",
        "Nothing, or delete what is no longer served.",
    ),
    Rule(
        "isolation-types",
        _INFO,
        "Native types of one name are other code in another environment of the project. If one server serves both "
        "without generated types, the first that is loaded serves all: catalogs fail, or are checked against the wrong "
        "one without a word.",
        "Have r10k generate types (`generate_types: true`), or run `puppet generate types` after each deployment.",
    ),
    Rule(
        "isolation-helpers",
        _WARNING,
        "Ruby code that functions load (`puppet_x`, `puppet/util`, …), or that the server loads by itself, is other code "
        "under the same name in another environment. On one server one of them serves all, whichever was loaded last, and generated "
        "types change nothing about it.",
        "Pin one commit of the module in all environments of a server, or serve them from several.",
    ),
    Rule(
        "isolation-providers",
        _INFO,
        "Providers of one name, or code that only types and providers load, differ between environments. Agents have one "
        "environment each, so it matters only where code of the server calls them.",
        "Nothing, unless a function asks a provider.",
    ),
    Rule(
        "isolation-functions",
        _INFO,
        "Functions of one name differ between environments. Puppet keeps them apart.",
        "Nothing.",
    ),
    Rule(
        "isolation-unread",
        _INFO,
        "What modules of an environment hold could not be looked at: the cache does not have it, or they come from the Forge.",
        "Run `pinner verify` once where its remotes can be reached. Of the Forge's modules, pin the git repository instead.",
    ),
)
