"""Collect all finding codes in RULES, and define the rules of `audit` and `upgrade`.

SARIF's rules and docs/reference/findings.md are generated from it. A test checks that every finding in the
code has its row here.
"""

import re
from collections.abc import Mapping
from typing import Final

from pinner.model.findings import Level, Rule
from pinner.model.rules.locks import RULES_OF_SETS
from pinner.model.rules.servers import RULES_OF_SERVERS
from pinner.model.text import nearest, quote

_ERROR, _WARNING, _INFO = Level.ERROR, Level.WARNING, Level.INFO

RULES_OF_SITES = (
    Rule(
        "catalog-fails",
        _ERROR,
        "Puppet cannot compile the catalogs of some nodes with the modules of the lock.",
        "Correct the code or the data at the place of the failure; the hint names what is missing, if that is known.",
    ),
    Rule(
        "hiera-unbound",
        _WARNING,
        "A hiera key names a module of the environment, but no parameter of any of its classes: Puppet never reads it, "
        "unless code looks it up.",
        "Correct or delete the key; the hint names similar ones. With `--code DIR`, pinner finds lookups in site code.",
    ),
    Rule(
        "hiera-site-unbound",
        _INFO,
        "A hiera key names a class of one of the site's own modules, and the code given with `--code` does not have that "
        "class.",
        "Correct or delete the key; nothing, if the class is in code that was not given.",
    ),
    Rule(
        "unreached",
        _INFO,
        "Site code or data have a flaw in a place that no machine reaches: under a condition that is false on all platforms of the "
        "environment and with all values in the given data, or in data for other platforms.",
        "Nothing, or delete the place. If machines reach it, correct `platforms` in the manifest, or give the data that are missing.",
    ),
    Rule(
        "hiera-deprecated",
        _WARNING,
        "A hiera key sets a parameter that the module's code marks as deprecated.",
        "Follow the hint, which is the module's own advice.",
    ),
    Rule(
        "hiera-type",
        _ERROR,
        "A value in hiera does not fit the parameter's data type: compilation fails on every node that uses it.",
        "Write a value that fits; the hint helps if the quotes are the cause.",
    ),
    Rule(
        "hiera-resource",
        _ERROR,
        "A class creates resources from a hash in hiera, and the hash sets a parameter that they don't have.",
        "Correct or delete that key of the hash.",
    ),
    Rule(
        "hiera-required",
        _ERROR,
        "A list of classes in hiera has a class with a parameter that has no default, and hiera has no value for it: "
        "compilation fails.",
        "Set the key in hiera.",
    ),
    Rule(
        "hiera-refused",
        _ERROR,
        "Puppet cannot read a data file, or finds nothing in it; every lookup that reaches it fails.",
        "Fix the file at the line in the message.",
    ),
    Rule(
        "hiera-flaw",
        _WARNING,
        "A data file has a mistake that Puppet ignores: a repeated key, a second document.",
        "Correct the file at the line in the message.",
    ),
    Rule(
        "hiera-elsewhere",
        _INFO,
        "Some of the data are not read by pinner: in a level with another backend, outside of the directory, or in a "
        "file that no level reads.",
        "Nothing, or name the directory with another `--hiera`.",
    ),
    Rule(
        "hiera-unpinned",
        _INFO,
        "Hiera has keys of a module that is in the catalogue but not in the environment.",
        "Nothing, if other environments share the data; else delete the keys.",
    ),
    Rule(
        "packages-of-other-release",
        _ERROR,
        "Hiera data or site code configure a package repository of another OpenStack release than the environment's modules are for: "
        "`openstack_extras::repo::*::release`, a pocket of Ubuntu's Cloud Archive, or a repository of RDO or for Debian.",
        "Change the packages and the modules together; the hint has the value.",
    ),
    Rule(
        "code-unknown",
        _ERROR,
        "Site code names a class, a type, a function or a parameter that the modules of the environment don't have: "
        "compilation fails.",
        "Correct the code; the hint names similar ones.",
    ),
    Rule(
        "code-deprecated",
        _WARNING,
        "Site code uses something that the module's code marks as deprecated.",
        "Follow the hint, which is the module's own advice.",
    ),
    Rule(
        "code-type",
        _ERROR,
        "Site code passes a value that does not fit the parameter's data type: compilation fails.",
        "Write a value that fits.",
    ),
    Rule(
        "code-arguments",
        _ERROR,
        "Site code calls a function of a module with a number of arguments that it does not take: compilation fails.",
        "Correct the call.",
    ),
    Rule(
        "code-required",
        _ERROR,
        "Site code declares a class or a resource without a value for a parameter that has no default: neither the code "
        "nor hiera nor the module's own data has one, so compilation fails.",
        "Set the parameter in the code, or the key in hiera.",
    ),
    Rule(
        "required-unknown",
        _INFO,
        "A class needs a value for a parameter that has no default. The code and the data that were given have none, but "
        "other data may exist: no hiera.yaml was given, or one of its levels has no files here or could not be read.",
        "Name the directory with hiera.yaml, or that of the other data with another `--hiera`.",
    ),
    Rule(
        "code-unreadable",
        _WARNING,
        "A file of site code could not be read, and was not checked.",
        "Check whether `puppet parser validate` accepts it.",
    ),
    Rule(
        "forge-code",
        _INFO,
        "The module comes from the Forge. Its code was read at the tag of its version in the git repository that the catalogue "
        "or pinner.yaml names; its metadata there have the same name and version.",
        "Nothing. To be certain, pin the module from that repository.",
    ),
    Rule(
        "api-unreadable",
        _INFO,
        "A file of a module could not be read: its definitions are unknown, and keys for them may be reported as "
        "unbound.",
        "Nothing; report it if Puppet reads the file.",
    ),
)
RULES: Mapping[str, Rule] = {rule.code: rule for rule in (*RULES_OF_SETS, *RULES_OF_SITES, *RULES_OF_SERVERS)}
_CODE: Final = re.compile(r"[a-z][a-z0-9-]{0,99}(?::[a-z][a-z0-9_]{0,199})?")


def check_ignored(text: str) -> str | None:
    """Refuse text that is not `CODE` or `CODE:MODULE`, and codes that no finding has."""
    if not _CODE.fullmatch(text):
        return f"{quote(text)} is not a finding: write its code, or code:module, such as 'end-of-life:nova'"
    code = text.partition(":")[0]
    if code in RULES:
        return None
    meant = nearest(code, RULES)
    return f"no finding has the code {quote(code)}{f'; {meant}' if meant else ''}"
