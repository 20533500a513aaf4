from pinner.model.errors import Location
from pinner.model.findings import EnvironmentResult, Finding, Level
from pinner.report.text.findings import finding_lines, result_lines

PLACE = Location("environments/production.yaml", 2, 13)
MODULES = ("aodh", "barbican", "ceilometer", "cinder", "glance", "heat", "nova")


def missing(module: str, name: str) -> Finding:
    message = f"module '{module}': wants {name} >= 9.0.0, which is not in the environment ({module} 26.0.0 -> {name})"
    return Finding(Level.WARNING, "dependency-missing", module, message, f"add '{name}'", PLACE)


def moved(module: str) -> Finding:
    return Finding(Level.ERROR, "tag-moved", module, f"module '{module}': moved", "look", PLACE)


def test_what_many_modules_want_is_told_once_with_their_names() -> None:
    assert list(finding_lines([missing(module, "stdlib") for module in MODULES])) == [
        "environments/production.yaml:2:13: warning: module 'aodh': wants stdlib >= 9.0.0, which is not in the environment (aodh 26.0.0 -> stdlib) [dependency-missing]",
        "  the same for barbican, ceilometer, cinder, glance and 2 more",
        "  hint: add 'stdlib'",
    ]


def test_two_modules_are_both_named() -> None:
    lines = list(
        finding_lines([missing("aodh", "stdlib"), missing("nova", "inifile"), missing("nova", "stdlib")])
    )
    assert lines[1] == "  the same for nova"
    assert lines[3].endswith("(nova 26.0.0 -> inifile) [dependency-missing]")
    assert len(lines) == 5


def test_other_findings_are_told_one_by_one_and_their_hint_once() -> None:
    assert list(finding_lines([moved("aodh"), moved("nova")])) == [
        "environments/production.yaml:2:13: error: module 'aodh': moved [tag-moved]",
        "  hint: look",
        "environments/production.yaml:2:13: error: module 'nova': moved [tag-moved]",
    ]


def test_what_keeps_several_environments_from_being_checked_is_one_error() -> None:
    lost = [
        Finding(Level.ERROR, "remote-unreachable", "nova", "no answer", "wait", Location(f"{name}.yaml", 1))
        for name in ("one", "two", "three")
    ]
    results = [EnvironmentResult(one.place.path, None, None, (one,), (one,)) for one in lost if one.place]
    lines = list(
        result_lines([*results, EnvironmentResult("four", None, None, (moved("nova"),))], verb="verified")
    )
    assert lines[-3:] == [
        "error: no answer [remote-unreachable]: 3 environments: one.yaml, two.yaml, three.yaml",
        "  hint: wait",
        (
            "verified 4 environments: 2 errors, 0 warnings; 1 of 4 environments has errors; "
            "3 of 4 environments could not be checked completely"
        ),
    ]


def test_the_last_line_of_checks_counts_modules_at_their_end_once() -> None:
    ended = Finding(Level.WARNING, "end-of-life", "nova", "release havana has reached its end of life")
    results = [EnvironmentResult(name, None, None, (ended,)) for name in ("one", "two")]
    *_, last = result_lines(results, verb="verified")
    assert last == "verified 2 environments: 0 errors, 2 warnings; 1 module at the end of life"
    *_, last = result_lines(results, verb="locked")
    assert last == "locked 0 of 2 environments: 0 errors, 2 warnings"
