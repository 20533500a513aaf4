"""Puppetfiles: read without running them, written from whitelisted values only, and checked after writing."""

from pinner.puppet.puppetfile.check import check_puppetfile
from pinner.puppet.puppetfile.from_lock import as_puppetfile
from pinner.puppet.puppetfile.reader import Reading, read_puppetfile
from pinner.puppet.puppetfile.values import (
    ModuleKind,
    Option,
    Puppetfile,
    PuppetfileModule,
    forge_module,
    git_module,
)
from pinner.puppet.puppetfile.writer import (
    HEADER_MARK,
    check_writable,
    is_written_by_pinner,
    render_puppetfile,
)

__all__ = [
    "HEADER_MARK",
    "ModuleKind",
    "Option",
    "Puppetfile",
    "PuppetfileModule",
    "Reading",
    "as_puppetfile",
    "check_puppetfile",
    "check_writable",
    "forge_module",
    "git_module",
    "is_written_by_pinner",
    "read_puppetfile",
    "render_puppetfile",
]
