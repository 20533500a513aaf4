from tools.write_reference import OUTPUT, render_all


def test_the_reference_says_what_commands_and_files_take() -> None:
    pages = render_all()
    written = {name: (OUTPUT / name).read_text(encoding="utf-8") for name in pages}
    assert written == pages, "run 'make generated'"


def test_text_stays_text_and_code_stays_code() -> None:
    page = render_all()["commands.md"]
    assert "Manifests (environments/\\*.yaml) name" in page
    assert "| `-m`, `--module` `MODULE` | Move only this module (repeatable). |" in page
    assert "`text\\|json\\|junit\\|sarif`" in page


def test_an_option_without_a_default_says_none() -> None:
    page = render_all()["commands.md"]
    assert "UNSET" not in page
    assert "Default: text." in page
