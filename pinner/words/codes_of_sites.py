"""What can be wrong with a site's own hiera data and code: the findings of `audit` and `upgrade`."""

from pinner.words.findings import Level
from pinner.words.rules import Rule

_ERROR, _WARNING, _INFO = Level.ERROR, Level.WARNING, Level.INFO

RULES_OF_SITES = (
    Rule(
        "hiera-unbound",
        _WARNING,
        "A hiera key names a module of the environment, but no parameter of any of its classes: Puppet never reads "
        "it, unless code looks it up by itself.",
        "Correct or delete the key; the hint names what comes near. `--code DIR` lets pinner see lookups in site code.",
    ),
    Rule(
        "hiera-deprecated",
        _WARNING,
        "A hiera key sets a parameter that the module's code marks as deprecated.",
        "Do what the hint, which is the module's own advice, says.",
    ),
    Rule(
        "hiera-type",
        _ERROR,
        "A value in hiera does not fit the parameter's data type: compilation stops on every node that gets it.",
        "Write a value that fits; the hint helps where the quotes are the reason.",
    ),
    Rule(
        "hiera-resource",
        _ERROR,
        "A class makes resources of a hash in hiera, and the hash sets a parameter that they don't have.",
        "Correct or delete that key of the hash.",
    ),
    Rule(
        "hiera-refused",
        _ERROR,
        "Puppet cannot read a data file, or finds nothing in it; every lookup that comes to it fails.",
        "Mend the file at the line that the message names.",
    ),
    Rule(
        "hiera-flaw",
        _WARNING,
        "Something in a data file is not what it looks like: a key that stands twice, a second document.",
        "Correct the file at the line that the message names.",
    ),
    Rule(
        "hiera-elsewhere",
        _INFO,
        "Some of the data lie where pinner does not look: in a level with a backend of its own, outside of the "
        "directory, or in a file that no level reads.",
        "Nothing, or name the directory with another `--hiera`.",
    ),
    Rule(
        "hiera-unpinned",
        _INFO,
        "Hiera has keys of a module that pinner knows but the environment does not have.",
        "Nothing, if other environments share the data; else delete the keys.",
    ),
    Rule(
        "code-unknown",
        _ERROR,
        "Site code names a class, a defined type or a parameter that the modules of the environment don't have: "
        "compilation stops there.",
        "Correct the code; the hint names what comes near.",
    ),
    Rule(
        "code-deprecated",
        _WARNING,
        "Site code uses something that the module's code marks as deprecated.",
        "Do what the hint, which is the module's own advice, says.",
    ),
    Rule(
        "code-type",
        _ERROR,
        "Site code passes a value that does not fit the parameter's data type: compilation stops there.",
        "Write a value that fits.",
    ),
    Rule(
        "code-unreadable",
        _WARNING,
        "A file of site code could not be read to its end, so that what follows in it was not checked.",
        "See whether `puppet parser validate` reads it.",
    ),
    Rule(
        "api-unreadable",
        _INFO,
        "A file of a module could not be read: what it defines is not known, and keys of it may seem unbound.",
        "Nothing; report it if Puppet reads the file.",
    ),
)
