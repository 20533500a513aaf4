"""What can be wrong with a pinned set: the findings of `lock`, `update` and `verify`."""

from pinner.words.findings import Level
from pinner.words.rules import Rule

_ERROR, _WARNING, _INFO = Level.ERROR, Level.WARNING, Level.INFO

RULES_OF_SETS = (
    Rule(
        "remote-unreachable",
        _ERROR,
        "A remote did not answer, or not with a git repository. Nothing is known about its refs: this is not the "
        "same as a ref that does not exist, and the command ends with exit code 3.",
        "Follow the hint, which tells a wrong URL, missing rights and a dead server apart; then run again.",
    ),
    Rule(
        "ref-missing",
        _ERROR,
        "The repository has no such branch, tag, commit, version or release.",
        "Correct the manifest; the hint names refs that come near.",
    ),
    Rule(
        "branch-gone",
        _ERROR,
        "The branch that the pin was taken from was deleted, and nothing took its place. The message says which "
        "refs still have the pinned commit.",
        "Name one of those refs in the manifest, or hold the commit itself: `commit: <40 hex>`.",
    ),
    Rule(
        "status-changed",
        _WARNING,
        "The release has moved on in its life: its ref in the lock is gone or no longer the first choice, and it "
        "is found at another one now, `unmaintained/…` or `…-eol`.",
        "`pinner update -m MODULE` writes the new ref and status into the lock.",
    ),
    Rule(
        "branch-rewritten",
        _ERROR,
        "The branch was force-pushed, or replaced by another line: it no longer contains the pinned commit.",
        "Compare the two commits; `pinner update -m MODULE` takes the new line over.",
    ),
    Rule(
        "tag-moved",
        _ERROR,
        "A tag names another commit than it did when it was pinned, now or in any earlier lock of this project's "
        "git history.",
        "Find out who moved it and why. `pinner update -m MODULE --accept-moved MODULE` takes the new commit over "
        "and records that in the lock.",
    ),
    Rule(
        "history-incomplete",
        _INFO,
        "The project's git history could not be read as a whole, so tags are compared with fewer earlier locks "
        "than there were.",
        "Fetch the whole history (in CI: `fetch-depth: 0`), or mend what git complains about.",
    ),
    Rule(
        "commit-unreachable",
        _ERROR,
        "The pinned commit is nowhere in the repository: r10k could not deploy it.",
        "`pinner update -m MODULE` pins what is there now.",
    ),
    Rule(
        "commit-unmerged",
        _WARNING,
        "No branch and no tag reaches the pinned commit: it is a change under review, or was rewritten away, and "
        "the server may drop it.",
        "Give the override an `until`, and go back to a branch or tag once the change is merged.",
    ),
    Rule(
        "ref-ambiguous",
        _INFO,
        "A branch and a tag have the same name. pinner tells them apart by the key in the manifest; other tools "
        "may take the other one.",
        "Nothing, or ask upstream to rename one of the two.",
    ),
    Rule(
        "ref-like-commit",
        _WARNING,
        "A branch or tag is named like a commit id: r10k and git take 5 to 40 hex digits for a commit first.",
        "Name the branch or tag otherwise.",
    ),
    Rule(
        "not-in-release",
        _WARNING,
        "`openstack: all` leaves a module out: OpenStack lists it for the release, but its repository has no ref "
        "of the release.",
        "Nothing, or name the module under `openstack` or `modules` if it is needed.",
    ),
    Rule(
        "not-a-module",
        _ERROR,
        "The pinned commit holds no metadata.json and no Modulefile: a retired repository, or no Puppet module.",
        "Take a release in which the module exists, leave it out, or say `module: false`.",
    ),
    Rule(
        "name-mismatch",
        _ERROR,
        "The code at the pinned commit is another module than the name it is installed under, so Puppet would "
        "not find its classes.",
        "Call it by the name in its metadata.",
    ),
    Rule(
        "version-unexpected",
        _WARNING,
        "The module's version belongs to another release of OpenStack than the one it is used for.",
        "Take the ref of the environment's release, or say which release is meant: `release: …` for this module.",
    ),
    Rule(
        "metadata-flawed",
        _INFO,
        "The module's metadata could not be read as it stands; what was meant is taken, the rest left out.",
        "Nothing here: it is upstream's to mend.",
    ),
    Rule(
        "dependency-unsatisfied",
        _ERROR,
        "A module asks for a version of another one that the environment does not have.",
        "Pin another version of one of the two, or, where upstream's range is wrong, put the right one under "
        "`dependencies: override`.",
    ),
    Rule(
        "dependency-missing",
        _WARNING,
        "A module asks for another one that is not in the environment.",
        "Add it under `modules`, let `dependencies: externals` bring it in, or list it under "
        "`dependencies: ignore`.",
    ),
    Rule(
        "dependency-contradiction",
        _WARNING,
        "Two modules ask for versions of a third that exclude each other, so that no version of it satisfies both: "
        "at stein, openstacklib wants rabbitmq below 6.0.0 and all others from 8.4.0 on.",
        "Say under `dependencies: override` which range is meant; pinning another version mends nothing.",
    ),
    Rule(
        "dependency-unreadable",
        _INFO,
        "A dependency could not be compared: its range is not in Puppet's syntax, or the pinned module has no "
        "version.",
        "Nothing, or put a readable range under `dependencies: override`.",
    ),
    Rule(
        "range-flawed",
        _WARNING,
        "A version range is not what Puppet can read, or can hardly be meant: `>~1.7.0`, a blank at its end, two "
        "lower bounds. It is read by what it was meant to say.",
        "Nothing, or put the right range under `dependencies: override`.",
    ),
    Rule(
        "dependency-overridden",
        _INFO,
        "A dependency is satisfied only because the manifest overrides upstream's range.",
        "Nothing: it is told so that nobody forgets it.",
    ),
    Rule(
        "dependency-cycle",
        _WARNING,
        "Modules depend on each other in a circle.",
        "Nothing breaks by it alone; check that the dependency is meant, and override or ignore it if not.",
    ),
    Rule(
        "dependency-conflict",
        _ERROR,
        "`externals: newest` finds no releases that satisfy everybody; the message names the fewest demands that "
        "cannot all be met.",
        "Name a version of one of the modules under `modules`, or, where upstream's range is wrong, put the right one "
        "under `dependencies: override`.",
    ),
    Rule(
        "gate-unread",
        _INFO,
        "`externals: integration` could not read what upstream's gate runs, so third-party modules are pinned as "
        "pinner's own facts have them.",
        "Nothing, or see to it that puppet-openstack-integration can be fetched: a `rewrite` in pinner.yaml may lead "
        "to a mirror of it.",
    ),
    Rule(
        "external-not-found",
        _WARNING,
        "Upstream's gate runs a third-party module whose repository is no longer there.",
        "Name it under `modules` with the `git` where it lives now, or under `dependencies: ignore`.",
    ),
    Rule(
        "platform-unsupported",
        _WARNING,
        "The module's metadata does not name a platform of the environment.",
        "Nothing, if it is known to work; else take another release.",
    ),
    Rule(
        "puppet-unsupported",
        _ERROR,
        "The module's metadata asks for another version of Puppet than the environment runs.",
        "Take another version of the module or of Puppet.",
    ),
    Rule(
        "end-of-life",
        _WARNING,
        "The release is at its end of life: the module gets no more fixes, not even for security.",
        "Plan the move: `pinner upgrade ENV --to RELEASE` tells what it changes.",
    ),
    Rule(
        "override-expired",
        _WARNING,
        "An override of the manifest was meant to end on a day that has passed.",
        "Remove it, or give it a new `until`.",
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
        "The lock was made for something else than the manifest says now.",
        "Run `pinner lock ENV` and commit the lock.",
    ),
)
