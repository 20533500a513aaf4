from pinner.model.lock import ForgePin, GitPin, Lock, Pin, Selector, SelectorKind
from pinner.puppet.puppetfile.reader import Puppetfile, forge_module, git_module
from pinner.puppet.puppetfile.writer import as_puppetfile

SHA = "0123456789abcdef0123456789abcdef01234567"
WANT = Selector(SelectorKind.RELEASE, "2025.1")


def test_pins_become_modules_by_name() -> None:
    pins: dict[str, Pin] = {
        "nova": GitPin("nova", "https://h/nova", SHA, "refs/heads/stable/2025.1", WANT, "site"),
        "hieradata": GitPin("hieradata", "https://h/data", SHA, None, WANT, "hiera", is_module=False),
        "facts": ForgePin("facts", "acme/facts", "1.2.3", "site"),
    }
    puppetfile = as_puppetfile(Lock("production", pins, "site"))
    assert puppetfile == Puppetfile(
        (
            forge_module("acme/facts", "1.2.3"),
            git_module("hieradata", "https://h/data", SHA, install_path="hiera"),
            git_module("nova", "https://h/nova", SHA),
        ),
        "site",
    )
    assert [module.comment for module in puppetfile.modules] == [None, None, "stable/2025.1"]
