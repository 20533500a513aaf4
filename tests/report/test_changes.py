"""What several modules have in common is reported once."""

from pinner.model.comparison import ModuleChange
from pinner.model.module_api import ApiChange, ApiChangeKind, DefinitionKind, Severity
from pinner.report.changes import common_removals
from pinner.report.ci.markdown import comparison_markdown
from pinner.report.html.pages import comparison_page
from pinner.report.text.comparison import comparison_text
from tests.support.comparisons import comparison, moved


def losing(module: str, *parameters: str) -> ModuleChange:
    """Return a module from whose class the parameters were removed."""
    rows = (
        ApiChange(
            ApiChangeKind.PARAMETER_REMOVED,
            DefinitionKind.CLASS,
            f"{module}::rpc",
            Severity.BREAKS,
            parameter=parameter,
        )
        for parameter in parameters
    )
    return moved(module, api=tuple(rows), explained={}, hiera=())


AMQP = ("amqp_host", "amqp_port", "amqp_user")


def test_a_family_of_parameters_that_several_modules_lost_is_one_line_in_every_format() -> None:
    modules = (
        losing("nova", *AMQP, "workers"),
        losing("heat", *AMQP[:2], "amqp_ssl"),
        losing("cinder", "other_x"),
    )
    words = "4 'amqp_*' parameters removed from heat, nova"
    assert common_removals(modules) == [words]
    result = comparison(*modules)
    assert words in list(comparison_text(result))
    assert any(
        line == "- " + words.replace("*", r"\*").replace("_", r"\_") for line in comparison_markdown(result)
    )
    assert comparison_page(result).count("amqp_*") == 1


def test_what_one_module_lost_or_few_parameters_are_no_family() -> None:
    assert common_removals([losing("nova", *AMQP), losing("heat", "amqp")]) == []
    assert common_removals([losing("nova", *AMQP[:2]), losing("heat", *AMQP[:2])]) == []
