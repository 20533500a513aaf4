"""Compile catalogs with Puppet: the only package that runs Ruby.

`compile.rb` compiles the nodes of one environment. `process.py` runs it and yields its answers, `local.py` runs
several environments side by side.

The first line that compile.rb reads is its configuration, a JSON object:

    environmentpath, environment    the directory of the environments, and the name of the one to compile
    settings                        settings of Puppet by name, such as {"strict": "error"}
    key, secret                     key of the digests of secrets; regular expression of the names of secret parameters
    jobs, timeout, memory           processes at a time; seconds and bytes of memory that one node may use
    warm                            whether the parent compiles one node of each kind itself, to make later ones faster
    exported                        exported resources as PuppetDB returns them: a list of {"certname", "type", "title",
                                    "parameters", "tags"}
    whole                           whether to return Puppet's own catalog in place of the reduced one

Each further line is a node: {"id": 1, "name", "kind", "facts", "trusted", "classes", "parameters"}. `kind` is any text
that nodes with the same code have in common; `classes` and `parameters` are those of an external node classifier.

Each answer is a line: the id of the node, a space, and a JSON object. Id 0 is the process itself, which reports
{"puppet", "ruby"} once it is ready, or {"error"} if it cannot start. A node's answer is one of

    {"error": {"message", "class", "file", "line", "column"}, "warnings", "cpu"}
    {"resources": [...], "secrets": {value: digest}, "warnings": [[message, file, line]], "cpu": seconds}
    {"catalog": {...}, "warnings", "cpu"}       with `whole`: what an agent would receive

each with `puppet`, the version that compiled it. `class` is that of the Ruby exception, or "died" if the process of the node ended without an answer. A resource is the JSON text (so that equal ones of
many nodes are decoded once) of

    [type, title, name, {parameter: value}, file, line, kind]

sorted by type and title. `name` is the value of the type's namevar if it differs from the title (a package's `name`, a
file's `path`), else null. `kind` is "native", "define" or "class"; classes have no parameters. `file` is relative to the
environment. Values are JSON, except for

    {"__secret__": digest}              a secret: Sensitive, named like one, or `value` beside `secret => true`
    {"__deferred__": [name, arguments]} a function that the agent calls
    {"__bytes__": digest}               binary data

A `File` whose source is `puppet:///modules/...` has the parameter `source (content)`, the SHA-256 of what it names.
`secrets` are the values hidden in this catalog, of at least six characters, so that they can be hidden where they are
part of another value.
"""
