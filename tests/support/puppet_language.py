"""Bring pinner's syntax tree and that of Puppet's parser into one form, nested lists, so that they can be compared."""

from collections.abc import Iterable, Mapping
from typing import Any

from pinner.puppet.language import nodes

Row = list[Any] | None
_FORMS = {"regular": "", "virtual": "@", "exported": "@@"}


def rows(statements: Iterable[nodes.Syntax]) -> Row:
    """Return pinner's statements in the common form: one statement stands for itself, none are None."""
    found = [row(one) for one in statements]
    return None if not found else found[0] if len(found) == 1 else ["block", *found]


def row(node: Any) -> Row:  # noqa: C901, PLR0911, PLR0912 -- a line per kind of node
    """Return pinner's node in the common form."""
    match node:
        case None:
            return None
        case nodes.Text() | nodes.Number() | nodes.Boolean():
            return [type(node.value).__name__, repr(node.value)]
        case nodes.Undef() | nodes.Default():
            return [type(node).__name__.lower()]
        case nodes.Regex():
            return ["regex", node.source]
        case nodes.Interpolation():
            return ["text", *map(row, node.parts)]
        case nodes.Variable():
            return ["variable", node.name]
        case nodes.TypeName():
            return ["type", node.name]
        case nodes.Access():
            return ["access", row(node.base), *map(row, node.keys)]
        case nodes.List():
            return ["list", *map(row, node.items)]
        case nodes.HashLiteral():
            return ["hash", *([row(key), row(value)] for key, value in node.entries)]
        case nodes.Call():
            return ["call", row(node.callee), [row(one) for one in node.arguments], row(node.block)]
        case nodes.Lambda():
            return ["lambda", [row(one) for one in node.parameters], rows(node.body)]
        case nodes.Parameter():
            return ["parameter", node.name, row(node.type), row(node.default), node.is_rest]
        case nodes.Unary():
            return ["unary", node.operator, row(node.operand)]
        case nodes.Binary():
            return ["binary", node.operator, row(node.left), row(node.right)]
        case nodes.Conditional():
            return [
                "unless" if node.is_unless else "if",
                row(node.test),
                rows(node.then),
                rows(node.otherwise),
            ]
        case nodes.Case():
            options = ([[row(value) for value in one.values], rows(one.body)] for one in node.options)
            return ["case", row(node.subject), *options]
        case nodes.Selector():
            return ["selector", row(node.subject), *([row(key), row(value)] for key, value in node.entries)]
        case nodes.Resource():
            bodies = ([row(one.title), [row(each) for each in one.attributes]] for one in node.bodies)
            return ["resource", row(node.type), node.form, *bodies]
        case nodes.Attribute():
            return ["attribute", node.name, node.operator, row(node.value)]
        case nodes.ResourceDefaults():
            return ["defaults", row(node.type), [row(one) for one in node.attributes]]
        case nodes.ResourceOverride():
            return ["override", row(node.reference), [row(one) for one in node.attributes]]
        case nodes.Collector():
            attributes = [row(one) for one in node.attributes]
            return ["collector", row(node.type), row(node.query), attributes, node.is_exported]
        case nodes.Definition():
            parameters = [row(one) for one in node.parameters]
            return [node.kind, node.name, parameters, node.inherits, row(node.returns), rows(node.body)]
        case nodes.TypeAlias():
            return ["alias", node.name, row(node.target)]
        case nodes.NodeDefinition():
            return ["node", [row(one) for one in node.names], rows(node.body)]
    raise TypeError(f"no row for {node!r}")


_OPERATIONS = {"AndExpression": "and", "OrExpression": "or", "InExpression": "in"}
_UNARY = {"NotExpression": "!", "UnaryMinusExpression": "-", "UnfoldExpression": "*"}
_INSIDE = {
    "Program": "body",
    "TextExpression": "expr",
    "ParenthesizedExpression": "expr",
    "HeredocExpression": "text_expr",
    "SubLocatedExpression": "expr",
}
_DEFINITIONS = {
    "HostClassDefinition": "class",
    "ResourceTypeDefinition": "define",
    "FunctionDefinition": "function",
    "PlanDefinition": "plan",
}


def row_of_puppet(node: Mapping[str, Any] | None) -> Row:  # noqa: C901, PLR0911, PLR0912 -- as above
    """Return a node of Puppet's tree, as the script puppet_language.rb prints it, in the common form."""
    if node is None or node["t"] == "Nop":
        return None
    kind, read = node["t"], row_of_puppet
    if kind in _INSIDE:
        return read(node[_INSIDE[kind]])
    if kind in _UNARY:
        return ["unary", _UNARY[kind], read(node["expr"])]
    if kind in _DEFINITIONS:
        parent = node.get("parent_class")
        return [
            _DEFINITIONS[kind],
            node["name"].removeprefix("::"),
            [read(one) for one in node["parameters"]],
            parent and parent.removeprefix("::"),
            read(node.get("return_type")),
            read(node["body"]),
        ]
    match kind:
        case "BlockExpression":
            found = [read(one) for one in node["statements"]]
            return found[0] if len(found) == 1 else ["block", *found]
        case "QualifiedName" | "LiteralString" | "LiteralInteger" | "LiteralFloat" | "LiteralBoolean":
            return [type(node["value"]).__name__, repr(node["value"])]
        case "ReservedWord":
            return ["str", repr(node["word"])]
        case "LiteralUndef" | "LiteralDefault":
            return [kind.removeprefix("Literal").lower()]
        case "LiteralRegularExpression":
            return ["regex", node["pattern"][1:-1].replace("\\/", "/")]
        case "ConcatenatedString":
            return ["text", *map(read, node["segments"])]
        case "VariableExpression":
            return ["variable", str(node["expr"]["value"]).removeprefix("::")]
        case "QualifiedReference":
            return ["type", node["cased_value"].removeprefix("::")]
        case "AccessExpression":
            return ["access", read(node["left_expr"]), *map(read, node["keys"])]
        case "LiteralList":
            return ["list", *map(read, node["values"])]
        case "LiteralHash":
            return ["hash", *([read(one["key"]), read(one["value"])] for one in node["entries"])]
        case "CallNamedFunctionExpression" | "CallFunctionExpression":
            arguments = [read(one) for one in node["arguments"]]
            return ["call", read(node["functor_expr"]), arguments, read(node["lambda"])]
        case "CallMethodExpression":
            access = node["functor_expr"]
            arguments = [read(access["left_expr"]), *map(read, node["arguments"])]
            return ["call", read(access["right_expr"]), arguments, read(node["lambda"])]
        case "LambdaExpression":
            return ["lambda", [read(one) for one in node["parameters"]], read(node["body"])]
        case "Parameter":
            return [
                "parameter", node["name"], read(node["type_expr"]), read(node["value"]),
                bool(node["captures_rest"]),
            ]  # fmt: skip
        case "IfExpression" | "UnlessExpression":
            branches = [read(node["test"]), read(node["then_expr"]), read(node["else_expr"])]
            return ["if" if kind == "IfExpression" else "unless", *branches]
        case "CaseExpression":
            options = (
                [[read(value) for value in one["values"]], read(one["then_expr"])] for one in node["options"]
            )
            return ["case", read(node["test"]), *options]
        case "SelectorExpression":
            entries = ([read(one["matching_expr"]), read(one["value_expr"])] for one in node["selectors"])
            return ["selector", read(node["left_expr"]), *entries]
        case "ResourceExpression":
            bodies = (
                [read(one["title"]), [read(each) for each in one["operations"]]] for one in node["bodies"]
            )
            return ["resource", read(node["type_name"]), _FORMS[node["form"].strip(":")], *bodies]
        case "AttributeOperation":
            return ["attribute", node["attribute_name"], node["operator"], read(node["value_expr"])]
        case "AttributesOperation":
            return ["attribute", "*", "=>", read(node["expr"])]
        case "ResourceDefaultsExpression":
            return ["defaults", read(node["type_ref"]), [read(one) for one in node["operations"]]]
        case "ResourceOverrideExpression":
            return ["override", read(node["resources"]), [read(one) for one in node["operations"]]]
        case "CollectExpression":
            query = node["query"]
            operations = [read(one) for one in node["operations"]]
            return [
                "collector",
                read(node["type_expr"]),
                read(query["expr"]),
                operations,
                query["t"] == "ExportedQuery",
            ]
        case "TypeAlias":
            return ["alias", node["name"], read(node["type_expr"])]
        case "NodeDefinition":
            return ["node", [read(one) for one in node["host_matches"]], read(node["body"])]
    if "operator" in node:
        return ["binary", node["operator"], read(node["left_expr"]), read(node["right_expr"])]
    if kind in _OPERATIONS:
        return ["binary", _OPERATIONS[kind], read(node["left_expr"]), read(node["right_expr"])]
    raise TypeError(f"no row for {kind}")
