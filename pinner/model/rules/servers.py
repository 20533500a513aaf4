"""Define the rules for servers: findings of `verify --deployed`, of `deploy`, and of environments that share a server."""

from pinner.model.findings import Level, Rule

_ERROR, _WARNING, _INFO = Level.ERROR, Level.WARNING, Level.INFO

RULES_OF_SERVERS = (
    Rule(
        "deployed-missing",
        _ERROR,
        "A module of the lock, or a whole environment, is not in the directory where it would be deployed.",
        "Deploy the environment, or name the environments that this server has: `verify --deployed DIR ENV…`.",
    ),
    Rule(
        "deployed-other-commit",
        _ERROR,
        "The module's files are those of another commit than the locked one.",
        "Deploy the environment, or, if the server is right, lock that commit.",
    ),
    Rule(
        "deployed-other-version",
        _ERROR,
        "The metadata.json of a module from the Forge has another version than the lock.",
        "Deploy the environment.",
    ),
    Rule(
        "deployed-changed",
        _ERROR,
        "A file's content is not that of the locked commit: it was edited on the server, or damaged when it was copied.",
        "Deploy the environment; if the edit is needed, make it in the module's repository first.",
    ),
    Rule(
        "deployed-missing-file",
        _ERROR,
        "A file or directory of the locked commit is missing.",
        "Deploy the environment.",
    ),
    Rule(
        "deployed-extra-file",
        _ERROR,
        "A module has a file or directory that is not in its locked commit.",
        "Delete it: deployment does not touch files that git does not track.",
    ),
    Rule(
        "deployed-link",
        _ERROR,
        "The locked commit has a symbolic link and the server a file or directory, or the other way round, or the link "
        "has another target.",
        "Deploy the environment; copy environments with links kept (`cp -a`, `rsync -a`).",
    ),
    Rule(
        "deployed-line-endings",
        _ERROR,
        "Files differ from the locked commit only in their line endings.",
        "Set git's core.autocrlf to false where the environment is deployed, and deploy it again.",
    ),
    Rule(
        "deployed-mode",
        _WARNING,
        "Files have lost or gained their executable bit; their content is that of the locked commit.",
        "Deploy the environment; a task or script without the bit cannot be run.",
    ),
    Rule(
        "deployed-unknown-module",
        _ERROR,
        "The environment has a module directory that is not in its lock; Puppet loads it nevertheless.",
        "Delete it, or add the module to the manifest.",
    ),
    Rule(
        "deployed-generated",
        _ERROR,
        "A file that `pinner generate` wrote does not match the lock: a Puppetfile has other commits, or the lock id "
        "for reports is another one.",
        "Generate or publish the files again, and deploy the environment.",
    ),
    Rule(
        "deployed-version",
        _ERROR,
        "An environment that `pinner deploy` put in place is not what the record of its version describes: site code, "
        "data, generated files or types were changed, or its link leads elsewhere.",
        "Run `pinner deploy` again.",
    ),
    Rule(
        "deployed-unread",
        _ERROR,
        "Something could not be read, on the server or in the locked commit, so it could not be compared; the command "
        "ends with exit code 3.",
        "Follow the hint, then run the command again.",
    ),
    Rule(
        "deployed-not-compared",
        _INFO,
        "Part of the deployment cannot be compared: the files of a Forge module, or a submodule.",
        "Nothing; a module that is pinned by git can be compared.",
    ),
    Rule(
        "deployed-without-spec",
        _INFO,
        "Modules are deployed without their `spec` directory, which r10k omits (`exclude_spec`); everything else is as "
        "locked.",
        "Nothing.",
    ),
    Rule(
        "deployed-not-locked",
        _INFO,
        "The directory of environments has one that the project has no manifest for.",
        "Nothing, or delete environments that are not used any more.",
    ),
    Rule(
        "deploy-submodule",
        _WARNING,
        "A module has a git submodule. It is deployed as an empty directory, as r10k and a plain clone have it.",
        "Pin the submodule's repository as an entry of its own, with an `install_path`.",
    ),
    Rule(
        "deploy-lfs",
        _WARNING,
        "A module has files in Git LFS. `deploy` writes what git stores, which is a pointer and not the content.",
        "Put the files into git, or serve them from another place.",
    ),
    Rule(
        "deploy-outward-link",
        _WARNING,
        "A module has a symbolic link that leads out of it, or in a circle. It is deployed unmodified, and leads "
        "elsewhere than in other ways of deploying.",
        "Replace the link by a file, or by a link that stays inside the module.",
    ),
    Rule(
        "deploy-attributes",
        _INFO,
        "The attributes of a module make `git checkout` convert files (`eol=crlf`, `ident`, `working-tree-encoding`). "
        "`deploy` writes them as git stores them, r10k as git converts them.",
        "Nothing, unless the conversion is needed: then commit the converted files.",
    ),
    Rule(
        "deploy-own-file",
        _WARNING,
        "The control repository has an `environment.conf`, `bin/config_version` or `Puppetfile` that pinner did not "
        "generate; it is deployed as it is.",
        "Remove it from the control repository, or make sure that its module path fits the lock.",
    ),
    Rule(
        "deploy-forge",
        _INFO,
        "A module from the Forge is deployed from the git repository and tag of its version.",
        "Nothing, or pin the module by its git repository.",
    ),
    Rule(
        "isolation-types",
        _INFO,
        "Native types with the same name have other code in another environment of the project. If one server serves "
        "both without generated types, it uses the first that is loaded for all: catalogs fail, or are checked against "
        "the wrong one without a warning.",
        "Have r10k generate types (`generate_types: true`), or run `puppet generate types` after each deployment.",
    ),
    Rule(
        "isolation-helpers",
        _WARNING,
        "Ruby code that functions load (`puppet_x`, `puppet/util`, …), or that the server loads by itself, is other "
        "code under the same name in another environment. A server uses the one that was loaded last for all "
        "environments, and generated types do not change that.",
        "Pin the same commit of the module in all environments of a server, or serve them from several.",
    ),
    Rule(
        "isolation-providers",
        _INFO,
        "Providers with the same name, or code that only types and providers load, differ between environments. Agents "
        "have one environment each, so it matters only if code on the server calls them.",
        "Nothing, unless a function uses a provider.",
    ),
    Rule(
        "isolation-functions",
        _INFO,
        "Functions with the same name differ between environments. Puppet keeps them apart.",
        "Nothing.",
    ),
    Rule(
        "isolation-unread",
        _INFO,
        "Modules of an environment could not be read: the cache does not have them, or they come from the Forge.",
        "Run `pinner verify` once with access to the remotes. For modules from the Forge, pin the git repository "
        "instead.",
    ),
)
