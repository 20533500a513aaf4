"""Kinds of scalar that both manifests and settings hold."""

from pinner.project import rules
from pinner.project.kinds import Word
from pinner.puppet import names
from pinner.puppet.git_urls import check_git_url

_NAME = "^[a-z][a-z0-9_]*$"
MODULE = Word("a module's name", names.check_module_name, _NAME)
PROSE = Word("a text", rules.check_prose, may_look_like_number=True)
LINE = Word("a line of text", rules.check_line, may_look_like_number=True)
DAY = Word("a day", rules.check_day, "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
RELEASE = Word("a release", rules.check_release, "^([a-z]+|[0-9]{4}\\.[0-9])$", may_look_like_number=True)
URL = Word("a git URL", check_git_url, "^([A-Za-z]+://|[^/@:]+@[^/@:]+:|/)")
BRANCH = Word("a branch", rules.check_branch, may_look_like_number=True)
DEPENDENCY = Word("a module's name", rules.check_dependency, "^([A-Za-z0-9]+[/-])?[a-z][a-z0-9_]*$")
RANGE = Word("a version range", rules.check_range, may_look_like_number=True)
