from pinner.model.errors import Location
from pinner.puppet.puppetfile.reader import ModuleKind, Option, Puppetfile, PuppetfileModule, read_puppetfile
from pinner.puppet.ruby.declarations import Literal, Symbol

SHA = "68edbded93de36c6607b20223ef24bc19955168c"


def read(text: str) -> Puppetfile:
    reading = read_puppetfile(text)
    assert reading.problems == ()
    return reading.puppetfile


def problems(text: str | bytes) -> list[str]:
    return [str(problem) for problem in read_puppetfile(text).problems]


def git(name: str, **options: Literal) -> PuppetfileModule:
    return PuppetfileModule(name, ModuleKind.GIT, tuple(Option(key, value) for key, value in options.items()))


def forge(name: str, version: Literal) -> PuppetfileModule:
    return PuppetfileModule(name, ModuleKind.FORGE, (Option("version", version),))


def test_the_file_of_puppet_openstack_integration() -> None:
    text = """moduledir '/usr/share/openstack-puppet/modules'

## OpenStack modules
mod 'aodh',
  :git => 'https://opendev.org/openstack/puppet-aodh',
  :ref => 'stable/2025.1'

## Non-OpenStack modules
mod 'sysctl', :git => 'https://github.com/duritong/puppet-sysctl', :ref => 'v0.0.12' # a comment
"""
    assert read(text) == Puppetfile(
        (
            git("aodh", git="https://opendev.org/openstack/puppet-aodh", ref="stable/2025.1"),
            git("sysctl", git="https://github.com/duritong/puppet-sysctl", ref="v0.0.12"),
        ),
        moduledir="/usr/share/openstack-puppet/modules",
    )


def test_commits_before_urls_as_openstack_puppet_modules_has_them() -> None:
    text = (
        f"mod 'cinder',\n  :commit => '{SHA}',\n  :git => 'https://github.com/stackforge/puppet-cinder.git'\n"
    )
    (module,) = read(text).modules
    assert (module.git, module.ref) == ("https://github.com/stackforge/puppet-cinder.git", SHA)


def test_the_styles_of_fifteen_years() -> None:
    text = """#!/usr/bin/env ruby
#^syntax detection
forge "http://forge.puppetlabs.com"
mod("puppetlabs/stdlib", "4.9.0")
mod 'puppetlabs-apt', :latest
mod %q(saz/memcached)
mod 'nova', { :git => "https://h/nova",
              :tag=>"1.0.0", # with a comment in between
            }
mod 'glance',
    git: 'https://h/' \\
         'glance',

    branch: :control_branch, exclude_spec: false
mod 'heat', type: 'git', source: 'https://h/heat', version: 'main'; mod 'own', :local => true
mod 'old', :svn => 'https://h/svn', :rev => '154'
mod 'ball', type: :tarball, source: 'file:///x.tgz'
mod 'here', :git => <<~URL.chomp, :ref => 'x'
  https://h/here
URL
"""
    reading = read_puppetfile(text)
    assert reading.puppetfile == Puppetfile(
        (
            forge("puppetlabs/stdlib", "4.9.0"),
            forge("puppetlabs-apt", Symbol("latest")),
            forge("saz/memcached", None),
            git("nova", git="https://h/nova", tag="1.0.0"),
            git("glance", git="https://h/glance", branch=Symbol("control_branch"), exclude_spec=False),
            git("heat", type="git", source="https://h/heat", version="main"),
            PuppetfileModule("own", ModuleKind.LOCAL, (Option("local", value=True),)),
            PuppetfileModule("old", ModuleKind.SVN, (Option("svn", "https://h/svn"), Option("rev", "154"))),
            PuppetfileModule(
                "ball",
                ModuleKind.TARBALL,
                (Option("type", Symbol("tarball")), Option("source", "file:///x.tgz")),
            ),
            git("here", git="https://h/here", ref="x"),
        ),
        forge="http://forge.puppetlabs.com",
    )
    assert reading.problems == ()


def test_what_a_module_answers() -> None:
    heat, facts = read(
        "mod 'heat', type: 'git', source: 'u', version: 'v'\nmod 'acme-facts', '1.2.3'\nexclusion 'x'"
    ).modules
    assert (heat.directory, heat.git, heat.ref, heat.version, heat.install_path) == (
        "heat",
        "u",
        "v",
        None,
        None,
    )
    assert (facts.directory, facts.git, facts.ref, facts.version) == ("facts", None, None, "1.2.3")


def test_places_are_those_of_the_file() -> None:
    (module,) = read("\n  mod 'nova',\n    :git => 'u'\n").modules
    assert module.place == Location("Puppetfile", 2, 3)
    assert module.options[0].place == Location("Puppetfile", 3, 5)


def test_of_the_builder_of_2014_only_what_the_run_decides_is_unknown() -> None:
    text = """openstack_version=ENV['openstack_version'] || 'icehouse'
if openstack_version == 'icehouse'
  release = 'stable/icehouse'
else
  abort('no such release')
end
base_url = "https://github.com"
%w(nova glance).each do |module_name|
  mod "stackforge/#{module_name}", :git => "#{prefix}#{module_name}", :ref => release
end
mod 'puppetlabs/postgresql', :git => "#{base_url}/puppetlabs/puppetlabs-postgresql", :ref => '2.5.0'
mod 'puppetlabs/ntp', :git => 'https://github.com/puppetlabs/puppetlabs-ntp', :ref => '3.0.0' if ENV['ntp']
mod 'sysctl', :git => 'https://github.com/duritong/puppet-sysctl', :ref => 'master'
"""
    reading = read_puppetfile(text, path="builder/Puppetfile")
    assert [module.name for module in reading.puppetfile.modules] == ["puppetlabs/postgresql", "sysctl"]
    assert [str(problem) for problem in reading.problems] == [
        "builder/Puppetfile:1:19: the environment variable 'openstack_version' may replace 'icehouse'",
        (
            "builder/Puppetfile:9:47: 'prefix' is not a literal value, and Ruby code is not run "
            "(for the modules 'stackforge/nova', 'stackforge/glance')\n  hint: it is skipped, the rest is read"
        ),
        (
            "builder/Puppetfile:12:98: module 'puppetlabs/ntp': the environment variable 'ntp' is not known\n"
            "  hint: it is skipped, the rest is read"
        ),
    ]
