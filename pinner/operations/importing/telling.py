"""Which kind of ref a name is: by what the source says, by the repository where it can be asked, else by its form."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pinner.git.heads import default_branch
from pinner.git.mirror import Mirror
from pinner.git.objects import commit_of, expand_commit
from pinner.puppet.names import check_ref_name
from pinner.puppet.versions import version_of_tag
from pinner.words.imports import FoundModule, RefKind
from pinner.words.wants import Selector

COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_SHORT_COMMIT: Final = re.compile(r"[0-9a-f]{7,39}", re.IGNORECASE)
_TAG: Final = re.compile(r"v?\d+(?:[._]\d+)+(?:[-.+_a-z0-9]*)|.+-(?:eol|eom|em)", re.IGNORECASE)
_USUAL_BRANCHES: Final = ("main", "master")
_SELECTORS: Final = {RefKind.BRANCH: Selector.BRANCH, RefKind.TAG: Selector.TAG}


@dataclass(frozen=True, slots=True)
class Told:
    """The selector with its value; `doubt` says what is uncertain about it, `flaw` why there is none.

    `is_unasked` tells that there may be one: only its repository gave no answer.
    """

    selector: Selector | None = None
    value: str = ""
    doubt: str | None = None
    flaw: str | None = None
    is_unasked: bool = False


def tell_ref(module: FoundModule, mirror: Mirror | None) -> Told:
    """Return what the ref of a git module means; `mirror` is None where its repository could not be asked."""
    if module.kind is RefKind.NONE:
        return _default_branch(mirror)
    ref = module.ref or ""
    if COMMIT.fullmatch(ref.lower()):
        return _whole(ref.lower(), mirror)
    if flaw := check_ref_name(ref):
        return Told(flaw=flaw)
    return _asked(module.kind, ref, mirror) if mirror else _by_form(module.kind, ref)


def _whole(commit: str, mirror: Mirror | None) -> Told:
    """Return the commit; where the id is an annotated tag's own, git and r10k take the commit that the tag names."""
    meant = commit_of(mirror, commit) if mirror else None
    if meant is None or meant == commit:
        return Told(Selector.COMMIT, commit)
    return Told(Selector.COMMIT, meant, doubt=f"{commit} is the id of an annotated tag, which names {meant}")


def _default_branch(mirror: Mirror | None) -> Told:
    """Return the branch that a clone checks out: what every tool but r10k takes where no ref is named."""
    if mirror is None:
        flaw = "it names no ref, and its repository could not be asked for its default branch"
        return Told(flaw=flaw, is_unasked=True)
    branch = default_branch(mirror) or next(
        (name for name in _USUAL_BRANCHES if mirror.refs.branch(name)), None
    )
    if branch is None:
        return Told(flaw="it names no ref, and its repository has no default branch")
    return Told(Selector.BRANCH, branch, doubt=f"it names no ref: '{branch}' is the repository's own branch")


def _asked(kind: RefKind, ref: str, mirror: Mirror) -> Told:
    """Return what the repository has of that name; r10k, too, takes whichever it is, whatever the option is called."""
    has = {Selector.BRANCH: mirror.refs.branch(ref), Selector.TAG: mirror.refs.tag(ref)}
    found = [selector for selector, commit in has.items() if commit]
    return _named(kind, ref, found) if found else _unnamed(kind, ref, mirror)


def _named(kind: RefKind, ref: str, found: Sequence[Selector]) -> Told:
    meant = _SELECTORS.get(kind)
    if len(found) > 1:
        doubt = f"there are a branch and a tag '{ref}': r10k takes the tag"
        return Told(meant or Selector.TAG, ref, doubt=None if meant is Selector.TAG else doubt)
    doubt = f"'{ref}' is a {found[0]} there, no {meant}"
    return Told(found[0], ref, doubt=None if meant in {None, found[0]} else doubt)


def _unnamed(kind: RefKind, ref: str, mirror: Mirror) -> Told:
    """Return the commit that the ref is the beginning of, or what it may have been."""
    commit = expand_commit(mirror, ref.lower())
    if isinstance(commit, str):
        return Told(Selector.COMMIT, commit)
    if commit is not None:
        return Told(flaw=f"'{ref}' is the beginning of several commits in {mirror.url}")
    told = _by_form(kind, ref)
    if _is_release(ref):
        return told
    missing = f"there is no branch, tag or commit '{ref}' in {mirror.url}"
    return Told(flaw=missing) if told.flaw else Told(told.selector, told.value, doubt=missing)


def _by_form(kind: RefKind, ref: str) -> Told:
    if kind in _SELECTORS:
        return Told(_SELECTORS[kind], ref)
    if _SHORT_COMMIT.fullmatch(ref) and version_of_tag(ref) is None:
        flaw = f"'{ref}' may be a shortened commit, and its repository could not be asked for it"
        return Told(flaw=flaw, is_unasked=True)
    if _TAG.fullmatch(ref) and not ref.endswith(".x"):
        return Told(Selector.TAG, ref)
    is_plain = "/" in ref or ref in _USUAL_BRANCHES
    return Told(Selector.BRANCH, ref, doubt=None if is_plain else f"'{ref}' is taken for a branch")


def _is_release(ref: str) -> bool:
    return ref.startswith(("stable/", "unmaintained/"))
