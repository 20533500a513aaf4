from pinner.report.findings import findings
from pinner.words.findings import Finding, Level
from pinner.words.places import Place

PLACE = Place("environments/production.yaml", 2, 13)
MODULES = ("aodh", "barbican", "ceilometer", "cinder", "glance", "heat", "nova")


def missing(module: str, name: str) -> Finding:
    message = f"module '{module}': wants {name} >= 9.0.0, which is not in the environment ({module} 26.0.0 -> {name})"
    return Finding(Level.WARNING, "dependency-missing", module, message, f"add '{name}'", PLACE)


def moved(module: str) -> Finding:
    return Finding(Level.ERROR, "tag-moved", module, f"module '{module}': moved", "look", PLACE)


def test_what_many_modules_want_is_told_once_with_their_names() -> None:
    assert list(findings([missing(module, "stdlib") for module in MODULES])) == [
        "environments/production.yaml:2:13: warning: module 'aodh': wants stdlib >= 9.0.0, which is not in the environment (aodh 26.0.0 -> stdlib) [dependency-missing]",
        "  the same for barbican, ceilometer, cinder, glance and 2 more",
        "  hint: add 'stdlib'",
    ]


def test_two_modules_are_both_named() -> None:
    lines = list(findings([missing("aodh", "stdlib"), missing("nova", "inifile"), missing("nova", "stdlib")]))
    assert lines[1] == "  the same for nova"
    assert lines[3].endswith("(nova 26.0.0 -> inifile) [dependency-missing]")
    assert len(lines) == 5


def test_other_findings_are_told_one_by_one_and_their_hint_once() -> None:
    assert list(findings([moved("aodh"), moved("nova")])) == [
        "environments/production.yaml:2:13: error: module 'aodh': moved [tag-moved]",
        "  hint: look",
        "environments/production.yaml:2:13: error: module 'nova': moved [tag-moved]",
    ]
