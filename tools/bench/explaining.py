"""What explaining an upgrade costs: audit and diff of thirty real modules against Puppet's own tools, and the growth."""

from pathlib import Path

from tools.bench.cost import Command, Cost, measure
from tools.bench.many_files import COUNTS, FILES, build_many_files
from tools.bench.real_code import DATA_FILES, KEYS, RealCode, prepare
from tools.bench.rounds import Ratio, Run, Section, interleave
from tools.bench.site import Project

PARSE = Path(__file__).with_name("parse.rb")
COLD, WARM = 1 / 10, 1 / 50


def bench_explain(_upstreams: Path, work: Path, rounds: int) -> tuple[Section, ...]:
    """Measure audit and diff on Debian's packages, and diff on a made module in which ever more files change."""
    code = prepare(work)
    return _audit(code, rounds), _diff(code, rounds), _growth(work / "growth", rounds)


def _audit(code: RealCode, rounds: int) -> Section:
    words = ("audit", code.new, "--hiera", str(code.data))
    return _against_puppet(
        code,
        rounds,
        f"Audit of {KEYS} keys in {DATA_FILES} data files",
        words,
        code.manifests_of_new,
    )


def _diff(code: RealCode, rounds: int) -> Section:
    words = ("diff", code.old, code.new)
    return _against_puppet(code, rounds, "Diff of two releases", words, code.manifests_of_both)


def _against_puppet(
    code: RealCode, rounds: int, title: str, words: tuple[str, ...], manifests: Path
) -> Section:
    site = code.project.site
    strings = ("puppet", "strings", "generate", "--format", "json", "--out", site.root / "strings.json")
    run_by_label: dict[str, Run] = {
        "Puppet's parser": lambda: measure(site.command("ruby", PARSE, manifests)),
        "puppet strings": lambda: measure(site.command(*strings, *manifests.read_text().split())),
        "pinner, cold": _cold(code.project, words),
        "pinner, warm": _asked(code.project, words),
    }
    runs = interleave(rounds, run_by_label)
    parser, documented, cold, warm = runs.values()
    files = len(manifests.read_text().split())
    return Section(
        f"{title}, thirty modules",
        f"{files} manifests of Debian's packages. Cold: mirrors are there, nothing was ever read from them. "
        "Puppet's tools read the same manifests, and no data, notes or history.",
        tuple(runs.values()),
        (
            Ratio(cold, documented, COLD, "cpu"),
            Ratio(warm, documented, WARM, "cpu"),
            Ratio(cold, parser, None, "cpu"),
            Ratio(warm, parser, None, "cpu"),
        ),
    )


def _growth(work: Path, rounds: int) -> Section:
    project = build_many_files(work)
    run_by_label: dict[str, Run] = {
        f"{kind}, {count} files changed": make(project, ("diff", "before", f"after_{count}"))
        for kind, make in (("cold", _cold), ("warm", _asked))
        for count in COUNTS
    }
    runs = tuple(interleave(rounds, run_by_label).values())
    half = len(COUNTS)
    return Section(
        "Growth of diff with the number of changed files",
        f"One module with {FILES} classes.",
        runs,
        (Ratio(runs[half - 1], runs[0], None, "cpu"), Ratio(runs[-1], runs[half], None, "cpu")),
    )


def _cold(project: Project, words: tuple[str, ...]) -> Run:
    def run() -> Cost:
        project.forget_what_was_read()
        return measure(_quietly(project, words))

    return run


def _asked(project: Project, words: tuple[str, ...]) -> Run:
    return lambda: measure(_quietly(project, words))


def _quietly(project: Project, words: tuple[str, ...]) -> Command:
    """Return the call; an audit that finds something ends with 1, which is an answer."""
    command = project.pinner(*words)
    script = '"$@"; code=$?; test $code -le 1'
    return project.command("sh", "-c", script, "sh", *command.words)
