from tools.write_findings import OUTPUT, render


def test_the_page_of_findings_is_what_the_table_says() -> None:
    assert OUTPUT.read_text(encoding="utf-8") == render(), "run 'python -m tools.write_findings'"
