"""Define all finding codes, with their levels, meanings and remedies: RULES.

SARIF's rules and docs/reference/findings.md are generated from them. A test checks that every finding in the
code has its row here.
"""

import re
from collections.abc import Mapping
from typing import Final

from pinner.model.findings import Level, Rule
from pinner.model.text import nearest, quoted

_ERROR, _WARNING, _INFO = Level.ERROR, Level.WARNING, Level.INFO

RULES_OF_SETS = (
    Rule(
        "remote-unreachable",
        _ERROR,
        "A remote did not respond, or not with a git repository. Nothing is known about its refs: this is not the same "
        "as a ref that does not exist, and the command ends with exit code 3.",
        "Follow the hint, which depends on the cause (a wrong URL, missing permissions, a server that is down); then "
        "run the command again.",
    ),
    Rule(
        "ref-missing",
        _ERROR,
        "The repository has no such branch, tag, commit, version or release.",
        "Correct the manifest; the hint names similar refs.",
    ),
    Rule(
        "branch-gone",
        _ERROR,
        "The branch that the pin was taken from was deleted and not replaced. The message names the refs that still "
        "contain the pinned commit.",
        "Use one of those refs in the manifest, or pin the commit itself: `commit: <40 hex>`.",
    ),
    Rule(
        "status-changed",
        _WARNING,
        "The release has entered another phase: its ref in the lock is gone or no longer preferred, and it is now at "
        "another one, `unmaintained/…` or `…-eol`; or the lock has another status than the ref.",
        "`pinner update -m MODULE` writes the new ref and status into the lock.",
    ),
    Rule(
        "branch-rewritten",
        _ERROR,
        "The branch was force-pushed or replaced: it no longer contains the pinned commit.",
        "Compare the two commits; `pinner update -m MODULE` accepts the new history.",
    ),
    Rule(
        "tag-moved",
        _ERROR,
        "A tag points to another commit than when it was pinned, in the present lock or in any earlier lock in this "
        "project's git history.",
        "Find out who moved it and why. `pinner update -m MODULE --accept-moved MODULE` accepts the new commit and "
        "records that in the lock.",
    ),
    Rule(
        "tag-undated",
        _INFO,
        "`as_of` selected a lightweight tag, which has no date of its own. The date of its commit decided that the tag "
        "existed on that day, but the tag may have been made later.",
        "Nothing, or name the tag that is meant: `tag: …` instead of `version` and `as_of`.",
    ),
    Rule(
        "facts-old",
        _WARNING,
        "The facts about OpenStack's releases are older than half a year, or than those packaged with this pinner: newer "
        "releases and changed dates are missing.",
        "`pinner catalogue update`, and commit the file that it writes.",
    ),
    Rule(
        "history-incomplete",
        _INFO,
        "The project's git history could not be read completely, so tags are compared with fewer earlier locks than "
        "there were.",
        "Fetch the whole history (in CI: `fetch-depth: 0`), or fix the error that git reports.",
    ),
    Rule(
        "unsafe-tree",
        _ERROR,
        "git refuses to check out the pinned commit, so r10k could not deploy it: it contains names such as `..` or "
        "`.git` (also as file systems of Windows and macOS spell it), a malformed directory, more than 200,000 "
        "files, or directories more than 200 deep.",
        "Pin another commit, and report this one to the owner of the module: such a commit is not made by accident.",
    ),
    Rule(
        "history-shallow",
        _ERROR,
        "The repository that the module is fetched from is shallow: it lacks older commits, so the relation of the "
        "pinned commit to the present refs could not be determined.",
        "Fetch the whole history there (`git fetch --unshallow`), or choose another place with `rewrite`.",
    ),
    Rule(
        "commit-unreachable",
        _ERROR,
        "The pinned commit does not exist in the repository: r10k could not deploy it.",
        "`pinner update -m MODULE` makes a new pin.",
    ),
    Rule(
        "commit-unmerged",
        _WARNING,
        "The pinned commit is on no branch or tag: it is a change under review, or its branch was rewritten, and the "
        "server may delete it.",
        "Give the override an `until` date, and return to a branch or tag once the change is merged.",
    ),
    Rule(
        "ref-ambiguous",
        _INFO,
        "A branch and a tag have the same name. pinner distinguishes them by the key in the manifest; other tools may "
        "use the other one.",
        "Nothing, or ask upstream to rename one of the two.",
    ),
    Rule(
        "ref-like-commit",
        _WARNING,
        "A branch or tag has a name like a commit id: r10k and git read 5 to 40 hex digits as a commit first.",
        "Rename the branch or tag.",
    ),
    Rule(
        "not-in-release",
        _WARNING,
        "`openstack: all` omits a module: OpenStack lists it for the release, but its repository has no ref for the "
        "release.",
        "Nothing, or name the module under `openstack` or `modules` if it is needed.",
    ),
    Rule(
        "not-a-module",
        _ERROR,
        "The pinned commit has no metadata.json, Modulefile, manifests/ or lib/: the repository is retired or not a "
        "Puppet module.",
        "Use a release in which the module exists, omit it, or set `module: false`.",
    ),
    Rule(
        "name-mismatch",
        _ERROR,
        "The code at the pinned commit is another module than the name it is installed under, so Puppet would not find "
        "its classes.",
        "Use the name in its metadata.",
    ),
    Rule(
        "version-unexpected",
        _WARNING,
        "The module's version belongs to another release of OpenStack than the one it is used for.",
        "Use the ref of the environment's release, or set the intended release: `release: …` for this module.",
    ),
    Rule(
        "metadata-flawed",
        _INFO,
        "The module's metadata is not valid; the parts whose meaning is clear are used, the others ignored.",
        "Nothing; it can only be fixed upstream.",
    ),
    Rule(
        "dependency-unsatisfied",
        _ERROR,
        "A module requires a version of another one that the environment does not have.",
        "Pin another version of one of the two, or, if upstream's range is wrong, set the right one under "
        "`dependencies: override`.",
    ),
    Rule(
        "dependency-missing",
        _WARNING,
        "A module requires another one that is not in the environment.",
        "Add it under `modules`, let `dependencies: externals` add it, or list it under `dependencies: ignore`.",
        is_of_many=True,
    ),
    Rule(
        "dependency-contradiction",
        _WARNING,
        "Two modules require versions of a third that exclude each other, so no version of it satisfies both: in "
        "stein, openstacklib requires rabbitmq below 6.0.0 and all others 8.4.0 or newer.",
        "Set the range to use under `dependencies: override`; pinning another version does not help.",
    ),
    Rule(
        "dependency-unreadable",
        _INFO,
        "A dependency could not be compared: its range is not in Puppet's syntax, or the pinned module has no version.",
        "Nothing, or set a valid range under `dependencies: override`.",
    ),
    Rule(
        "range-flawed",
        _WARNING,
        "Puppet cannot read a version range, or it is probably a mistake: `>~1.7.0`, a space at its end, two lower "
        "bounds. pinner uses its probable meaning.",
        "Nothing, or set the right range under `dependencies: override`.",
    ),
    Rule(
        "dependency-overridden",
        _INFO,
        "A dependency is satisfied only because the manifest overrides upstream's range.",
        "Nothing; this is a reminder.",
    ),
    Rule(
        "dependency-cycle",
        _WARNING,
        "Modules depend on each other in a cycle.",
        "Usually nothing; check that the dependency is intended, and override or ignore it if not.",
    ),
    Rule(
        "dependency-conflict",
        _ERROR,
        "`externals: newest` finds no releases that satisfy all modules; the message names the smallest set of "
        "requirements that cannot be met together.",
        "Set a version of one of the modules under `modules`, or, if upstream's range is wrong, set the right one "
        "under `dependencies: override`.",
    ),
    Rule(
        "gate-unread",
        _INFO,
        "`externals: integration` could not read what upstream's gate runs, so third-party modules are pinned as in "
        "pinner's packaged data.",
        "Nothing, or make puppet-openstack-integration available: a `rewrite` in pinner.yaml may point to a mirror of "
        "it.",
    ),
    Rule(
        "external-not-found",
        _WARNING,
        "Upstream's gate runs a third-party module whose repository does not exist any more.",
        "Add it under `modules` with its present `git` URL, or under `dependencies: ignore`.",
    ),
    Rule(
        "platform-unsupported",
        _WARNING,
        "The module's metadata does not name a platform of the environment.",
        "Nothing, if it is known to work; else use another release.",
    ),
    Rule(
        "puppet-unsupported",
        _ERROR,
        "The module's metadata requires another version of Puppet or OpenVox than the environment runs.",
        "Use another version of the module or of Puppet.",
    ),
    Rule(
        "openvox-required",
        _WARNING,
        "The module's metadata names only OpenVox, the community's Puppet: its authors have dropped support for Puppet, "
        "which the environment runs according to `puppet`.",
        "Use an older version of the module, or move to OpenVox and write `openvox` in the manifest; ignore it if the "
        "module is known to work.",
    ),
    Rule(
        "end-of-life",
        _WARNING,
        "The release is at its end of life: the module gets no more fixes, not even for security.",
        "Plan an upgrade: `pinner upgrade ENV --to RELEASE` lists what it changes.",
        is_of_many=True,
    ),
    Rule(
        "override-expired",
        _WARNING,
        "The `until` date of an override in the manifest has passed.",
        "Remove it, or give it a new `until` date.",
    ),
    Rule(
        "lock-missing",
        _ERROR,
        "The environment has a manifest and no lock.",
        "Run `pinner lock ENV` and commit the lock.",
    ),
    Rule(
        "lock-stale",
        _ERROR,
        "The lock does not match the manifest.",
        "Run `pinner lock ENV` and commit the lock.",
    ),
    Rule(
        "lock-differs",
        _ERROR,
        "A pin has a value that is not from the manifest, pinner.yaml, the catalogue, upstream's gate or the module's "
        "own metadata: another URL, ref, status, version, name or dependency. `lock --check` compares it with the "
        "manifest and with pinner's packaged data, `verify` with the repositories.",
        "Find out who changed the lock. `pinner lock ENV` makes new pins for such modules.",
    ),
    Rule(
        "pin-corrected",
        _WARNING,
        "`pinner lock` found a pin with a `lock-differs` finding in the lock, and replaced it.",
        "Review the change of the lock before you commit it, and find out where the old pin came from.",
    ),
    Rule(
        "lock-unconfirmed",
        _INFO,
        "A third-party module in the lock is not in pinner's packaged data, so `lock --check`, which contacts no "
        "remote, could not check where it comes from.",
        "Run `pinner verify ENV`, which compares it with what upstream's gate runs.",
    ),
    Rule(
        "lock-unused",
        _WARNING,
        "There is a lock for an environment without a manifest.",
        "Delete the lock, or restore the manifest.",
    ),
    Rule(
        "older-than-locked",
        _WARNING,
        "The remote has an older commit than the lock: a mirror named by `rewrite`, or the cache, is behind upstream. "
        "The pin is kept.",
        "Update the mirror. `pinner update -m MODULE --allow-older MODULE` pins the older commit.",
    ),
    Rule(
        "cooldown",
        _INFO,
        "`cooldown` of the manifest keeps `update` from commits or tags that are too young, or is lifted because their release "
        "notes name a security fix.",
        "Nothing. To move the pin now, set `cooldown: 0` for the module.",
    ),
    Rule(
        "pin-downgraded",
        _ERROR,
        "A pin has an older commit than in the previous lock, although its `want` in the lock has not changed. The "
        "previous lock is that at `--against REV`, else at HEAD if the lock has changed since, else at HEAD's first "
        "parent.",
        "`pinner update -m MODULE` makes a newer pin. If the older one is intended, set the commit in the manifest, or "
        "accept it with `pinner lock --check --allow-older MODULE`.",
    ),
    Rule(
        "pin-dropped",
        _WARNING,
        "A third-party module of the previous lock is not in the lock, although another module still requires it.",
        "`pinner lock ENV` adds it again, if its repository exists.",
    ),
    Rule(
        "downgrade-unchecked",
        _INFO,
        "Pins changed, and the cache lacks the commits that show whether they are older or newer; `lock --check` "
        "contacts no remote.",
        "Run `pinner verify ENV`, or keep the cache between CI jobs.",
    ),
)


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


RULES_OF_SITES = (
    Rule(
        "catalog-fails",
        _ERROR,
        "Puppet cannot compile the catalogs of some nodes with the modules of the lock.",
        "Correct the code or the data at the place of the failure; the hint names what is missing, if that is known.",
    ),
    Rule(
        "hiera-unbound",
        _WARNING,
        "A hiera key names a module of the environment, but no parameter of any of its classes: Puppet never reads it, "
        "unless code looks it up.",
        "Correct or delete the key; the hint names similar ones. With `--code DIR`, pinner finds lookups in site code.",
    ),
    Rule(
        "hiera-site-unbound",
        _INFO,
        "A hiera key names a class of one of the site's own modules, and the code given with `--code` does not have that "
        "class.",
        "Correct or delete the key; nothing, if the class is in code that was not given.",
    ),
    Rule(
        "unreached",
        _INFO,
        "Site code or data have a flaw in a place that no machine reaches: under a condition that is false on all platforms of the "
        "environment and with all values in the given data, or in data for other platforms.",
        "Nothing, or delete the place. If machines reach it, correct `platforms` in the manifest, or give the data that are missing.",
    ),
    Rule(
        "hiera-deprecated",
        _WARNING,
        "A hiera key sets a parameter that the module's code marks as deprecated.",
        "Follow the hint, which is the module's own advice.",
    ),
    Rule(
        "hiera-type",
        _ERROR,
        "A value in hiera does not fit the parameter's data type: compilation fails on every node that uses it.",
        "Write a value that fits; the hint helps if the quotes are the cause.",
    ),
    Rule(
        "hiera-resource",
        _ERROR,
        "A class creates resources from a hash in hiera, and the hash sets a parameter that they don't have.",
        "Correct or delete that key of the hash.",
    ),
    Rule(
        "hiera-required",
        _ERROR,
        "A list of classes in hiera has a class with a parameter that has no default, and hiera has no value for it: "
        "compilation fails.",
        "Set the key in hiera.",
    ),
    Rule(
        "hiera-refused",
        _ERROR,
        "Puppet cannot read a data file, or finds nothing in it; every lookup that reaches it fails.",
        "Fix the file at the line in the message.",
    ),
    Rule(
        "hiera-flaw",
        _WARNING,
        "A data file has a mistake that Puppet ignores: a repeated key, a second document.",
        "Correct the file at the line in the message.",
    ),
    Rule(
        "hiera-elsewhere",
        _INFO,
        "Some of the data are not read by pinner: in a level with another backend, outside of the directory, or in a "
        "file that no level reads.",
        "Nothing, or name the directory with another `--hiera`.",
    ),
    Rule(
        "hiera-unpinned",
        _INFO,
        "Hiera has keys of a module that is in the catalogue but not in the environment.",
        "Nothing, if other environments share the data; else delete the keys.",
    ),
    Rule(
        "packages-of-other-release",
        _ERROR,
        "Hiera data or site code configure a package repository of another OpenStack release than the environment's modules are for: "
        "`openstack_extras::repo::*::release`, a pocket of Ubuntu's Cloud Archive, or a repository of RDO or for Debian.",
        "Change the packages and the modules together; the hint has the value.",
    ),
    Rule(
        "code-unknown",
        _ERROR,
        "Site code names a class, a type, a function or a parameter that the modules of the environment don't have: "
        "compilation fails.",
        "Correct the code; the hint names similar ones.",
    ),
    Rule(
        "code-deprecated",
        _WARNING,
        "Site code uses something that the module's code marks as deprecated.",
        "Follow the hint, which is the module's own advice.",
    ),
    Rule(
        "code-type",
        _ERROR,
        "Site code passes a value that does not fit the parameter's data type: compilation fails.",
        "Write a value that fits.",
    ),
    Rule(
        "code-arguments",
        _ERROR,
        "Site code calls a function of a module with a number of arguments that it does not take: compilation fails.",
        "Correct the call.",
    ),
    Rule(
        "code-required",
        _ERROR,
        "Site code declares a class or a resource without a value for a parameter that has no default: neither the code "
        "nor hiera nor the module's own data has one, so compilation fails.",
        "Set the parameter in the code, or the key in hiera.",
    ),
    Rule(
        "required-unknown",
        _INFO,
        "A class needs a value for a parameter that has no default. The code and the data that were given have none, but "
        "other data may exist: no hiera.yaml was given, or one of its levels has no files here or could not be read.",
        "Name the directory with hiera.yaml, or that of the other data with another `--hiera`.",
    ),
    Rule(
        "code-unreadable",
        _WARNING,
        "A file of site code could not be read, and was not checked.",
        "Check whether `puppet parser validate` accepts it.",
    ),
    Rule(
        "forge-code",
        _INFO,
        "The module comes from the Forge. Its code was read at the tag of its version in the git repository that the catalogue "
        "or pinner.yaml names; its metadata there have the same name and version.",
        "Nothing. To be certain, pin the module from that repository.",
    ),
    Rule(
        "api-unreadable",
        _INFO,
        "A file of a module could not be read: its definitions are unknown, and keys for them may be reported as "
        "unbound.",
        "Nothing; report it if Puppet reads the file.",
    ),
)
RULES: Mapping[str, Rule] = {rule.code: rule for rule in (*RULES_OF_SETS, *RULES_OF_SITES, *RULES_OF_SERVERS)}
IGNORED: Final = ("end-of-life", "dependency-missing:horizon")
"""The examples of findings to ignore, in manifests and on the command line."""
_CODE: Final = re.compile(r"[a-z][a-z0-9-]{0,99}(?::[a-z][a-z0-9_]{0,199})?")


def check_ignored(text: str) -> str | None:
    """Refuse text that is not `CODE` or `CODE:MODULE`, and codes that no finding has."""
    if not _CODE.fullmatch(text):
        return f"{quoted(text)} is not a finding: write its code, or code:module, such as 'end-of-life:nova'"
    code = text.partition(":")[0]
    if code in RULES:
        return None
    meant = nearest(code, RULES)
    return f"no finding has the code {quoted(code)}{f'; {meant}' if meant else ''}"
