"""Laws that hold for every manifest."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pinner.model.lock import SelectorKind
from pinner.model.manifest import Manifest, Override
from pinner.project.manifest.read import read_manifests
from tests.support.projects import Writer

Plain = str | bool | list["Plain"] | dict[str, "Plain"]
Fields = dict[str, Plain]

MODULES = st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)
LINES = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)
RELEASES = st.sampled_from(["2025.1", "2024.2", "epoxy", "havana"])
DAYS = st.dates().map(str)
RANGES = st.sampled_from([">= 1.0.0 < 2.0.0", "1.x", "1.10.0", "~1.2"])
VALUES = {
    SelectorKind.RELEASE: RELEASES,
    SelectorKind.BRANCH: st.sampled_from(["main", "1.10", "0123456", "on", "2024-10-02", "stable/2025.1"]),
    SelectorKind.TAG: st.sampled_from(["v1.0", "2025.10", "1_000", "null", "0x1f"]),
    SelectorKind.COMMIT: st.text("0123456789abcdef", min_size=40, max_size=40),
    SelectorKind.VERSION: RANGES,
}
URLS = st.sampled_from(["https://git.example.net/x", "git@git.example.net:x.git", "/srv/git/x"])
FORGES = st.sampled_from(["acme/facts", "puppetlabs/stdlib"])


def optional(**fields: st.SearchStrategy[Plain]) -> st.SearchStrategy[Fields]:
    return st.fixed_dictionaries({}, optional=fields)


@st.composite
def git_modules(draw: st.DrawFn) -> Fields:
    fields = draw(
        optional(git=URLS, install_path=st.just("hiera"), module=st.booleans(), reason=LINES, until=DAYS)
    )
    selector = draw(st.none() | st.sampled_from(SelectorKind))
    if selector:
        fields[selector.value] = draw(VALUES[selector])
    if selector not in {SelectorKind.TAG, SelectorKind.COMMIT} and draw(st.booleans()):
        fields["as_of"] = draw(DAYS)
    return fields


FORGE_MODULES = st.builds(lambda forge: {"forge": forge, "version": "1.2.3"}, FORGES)
MANIFESTS = optional(
    description=LINES,
    owners=st.lists(LINES, unique=True, max_size=3),
    release=RELEASES,
    platforms=st.dictionaries(
        st.sampled_from(["Ubuntu", "Red Hat"]), st.lists(st.sampled_from(["24.04", "8", "9.10"]), unique=True)
    ),
    puppet=st.just("8.10.0"),
    openstack=st.just("all") | st.lists(MODULES, unique=True, min_size=1, max_size=4),
    dependencies=optional(
        externals=st.sampled_from(["declared", "integration", "newest"]),
        ignore=st.lists(MODULES, unique=True, max_size=2),
        override=st.dictionaries(
            MODULES, st.dictionaries(MODULES, RANGES, min_size=1, max_size=2), max_size=2
        ),
    ),
    findings=optional(
        ignore=st.lists(st.sampled_from(["end-of-life", "dependency-missing:nova"]), unique=True)
    ),
    moduledir=st.sampled_from(["modules", "site"]),
    template=st.sampled_from(["default", "1.10"]),
)
WITH_MODULES = st.builds(
    lambda fields, modules: {**fields, "modules": modules},
    MANIFESTS,
    st.dictionaries(MODULES, st.sampled_from([False]) | git_modules() | FORGE_MODULES, max_size=4).map(
        lambda modules: {**modules, "kept": {}}
    ),
)


def without_empty(fields: Fields) -> Fields:
    return {key: value for key, value in fields.items() if value not in ("", [], {}, None)}


def module_fields(override: Override) -> Plain:
    if override.is_left_out:
        return False
    named = {
        "git": override.git,
        "forge": override.forge,
        "version": override.forge_version,
        "as_of": override.as_of,
        "install_path": override.install_path,
        "reason": override.reason,
        "until": override.until,
    }
    fields: Fields = {key: text.value for key, text in named.items() if text}
    if override.selector and override.value:
        fields[override.selector.value] = override.value.value
    return fields if override.is_module else {**fields, "module": False}


def fields_of(manifest: Manifest) -> Fields:
    """Return what a manifest says, defaults and empty values left out."""
    ignored = [":".join(filter(None, (row.code, row.module))) for row in manifest.ignored_findings]
    override: Plain = {
        module: {name: text.value for name, text in ranges.items()}
        for module, ranges in manifest.overridden_dependencies.items()
    }
    dependencies: Fields = {
        "externals": "" if manifest.externals == "declared" else manifest.externals.value,
        "ignore": [text.value for text in manifest.ignored_dependencies],
        "override": override,
    }
    fields: Fields = {
        "description": manifest.description or "",
        "owners": list(manifest.owners),
        "release": manifest.release.value if manifest.release else "",
        "platforms": {name: list(releases) for name, releases in manifest.platforms.items()},
        "puppet": manifest.puppet.value if manifest.puppet else "",
        "openstack": "all" if manifest.openstack_all else [text.value for text in manifest.openstack],
        "modules": {name: module_fields(module) for name, module in manifest.modules.items()},
        "dependencies": without_empty(dependencies),
        "findings": without_empty({"ignore": list[Plain](ignored)}),
        "moduledir": "" if manifest.moduledir == "modules" else manifest.moduledir,
        "template": "" if manifest.template == "default" else manifest.template,
    }
    return without_empty(fields)


def normal(fields: Fields) -> Fields:
    """Return the fields without what `fields_of` leaves out."""
    modules, dependencies, findings = (fields.get(key, {}) for key in ("modules", "dependencies", "findings"))
    assert isinstance(modules, dict)
    assert isinstance(dependencies, dict)
    assert isinstance(findings, dict)
    said = {key: value for key, value in dependencies.items() if value != "declared"}
    defaults = {"moduledir": "modules", "template": "default"}
    plain_modules: Plain = {
        name: {key: value for key, value in module.items() if (key, value) != ("module", True)}
        if isinstance(module, dict)
        else module
        for name, module in modules.items()
    }
    kept = {key: value for key, value in fields.items() if defaults.get(key) != value}
    parts: Fields = {
        "modules": plain_modules,
        "dependencies": without_empty(said),
        "findings": without_empty(findings),
    }
    return without_empty({**kept, **parts})


@given(fields=WITH_MODULES)
def test_a_dumped_manifest_reads_back_as_it_was(
    fields: Fields, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.getbasetemp().resolve() / "laws"
    texts = {
        "block": yaml.safe_dump(fields, allow_unicode=True),
        "flow": yaml.safe_dump(fields, default_flow_style=True),
        "json": json.dumps(fields, indent=1, ensure_ascii=False),
    }
    project = Writer(root)({f"environments/{name}.yaml": text for name, text in texts.items()})
    read = read_manifests(project)
    assert [str(problem) for problem in read.problems] == []
    assert [fields_of(manifest) for manifest in read.manifests] == [normal(fields)] * 3
