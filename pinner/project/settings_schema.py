"""What may stand in pinner.yaml, key by key: the one source of its reader and of its JSON Schema."""

from pinner.project import rules
from pinner.project import schema_words as words
from pinner.project.kinds import Choice, Field, MapOf, Number, Record, Word
from pinner.words.control import Layout

JOBS = Number("a whole number from 1 to 256", 1, 256)
TIMEOUT = Number("a number of seconds from 0.1 to 86400", 0.1, 86400, is_whole=False)
RETRIES = Number("a whole number from 0 to 20", 0, 20)
LAYOUT = Choice("'puppetfiles', 'branches', 'one-branch' or 'exec'", tuple(Layout))

SETTINGS = Record(
    "a map",
    (
        Field(
            "rewrite",
            MapOf(
                "a map of URLs",
                Word("the beginning of a URL", rules.check_url_prefix),
                Word("the beginning of a URL or path", rules.check_rewrite_target),
            ),
            "Where to fetch from: for URLs that begin with the key, the value stands instead. The longest key wins; locks keep the canonical "
            "URL. A value is a URL, an absolute path, or, begun with './' or '../', a path relative to pinner.yaml.",
            ({"https://opendev.org/openstack/": "https://git.internal/openstack/"},),
        ),
        Field(
            "modules",
            MapOf("a map of modules", words.MODULE, words.URL),
            "More catalogue entries: a module's name and its git URL.",
            ({"sunfire": "ssh://git@git.example.net/puppet-sunfire"},),
        ),
        Field(
            "refs",
            MapOf(
                "a map of modules",
                words.MODULE,
                MapOf(
                    "a map of releases",
                    words.RELEASE,
                    Word("a ref", rules.check_whole_ref, "^refs/(heads|tags)/"),
                ),
            ),
            "For repositories that name the branches of their releases otherwise: the whole name of the ref that carries a release.",
            ({"sunfire": {"havana": "refs/heads/release-havana"}},),
        ),
        Field("jobs", JOBS, "Parallel git connections.", (16,)),
        Field(
            "timeout",
            TIMEOUT,
            "Seconds for one git call.",
            (60,),
        ),
        Field(
            "retries",
            RETRIES,
            "How often a transient failure is tried again.",
            (3,),
        ),
        Field(
            "cache",
            Word("a directory", rules.check_path, may_look_like_number=True),
            "Where mirrors are kept; '~' is your home, and a relative path is relative to pinner.yaml.",
            ("~/.cache/pinner",),
        ),
        Field(
            "layout",
            LAYOUT,
            "How 'generate' and 'publish' lay the environments out for r10k: 'puppetfiles' = a folder an environment (default); 'branches' = "
            "a branch an environment; 'one-branch' = all on one branch, listed in environments.d; 'exec' = r10k asks pinner.",
            ("branches",),
        ),
        Field(
            "control_repo",
            words.URL,
            "The control repository that 'publish' writes to and r10k deploys from.",
            ("ssh://git@git.example.net/puppet/control",),
        ),
        Field(
            "control_branch",
            words.BRANCH,
            "The branch of the control repository that holds all environments, where the layout has only one; default production.",
            ("production",),
        ),
    ),
)
