"""Define the rules for pinned sets: the findings of `lock`, `update` and `verify`."""

from pinner.model.findings import Level, Rule

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
        "`.git` (also as file systems of Windows and macOS spell it), a malformed directory, or more than 200,000 "
        "files.",
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
