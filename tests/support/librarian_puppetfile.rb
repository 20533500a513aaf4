# Answers, one JSON line each: which modules librarian-puppet finds in a Puppetfile, with their URL and ref or version.
require 'json'
require 'tmpdir'
require 'librarian/puppet'
require 'librarian/puppet/environment'

DIRECTORY = Pathname.new(Dir.mktmpdir)
at_exit { DIRECTORY.rmtree }

def describe(dependency)
  source = dependency.source
  git = source.is_a?(Librarian::Puppet::Source::Git)
  version = git ? nil : dependency.requirement.to_s.delete_prefix('= ')
  { 'name' => dependency.name, 'git' => git ? source.uri : nil, 'ref' => git ? source.ref : version }
end

def answer(text)
  return 'yes' if text == 'are you there?'

  path = DIRECTORY.join('Puppetfile')
  path.write(text)
  Librarian::Puppet::Environment.new(project_path: DIRECTORY.to_s).dsl(path).dependencies.map { |one| describe(one) }
rescue Exception => e # rubocop:disable Lint/RescueException - librarian's own errors are no StandardError
  { 'error' => "#{e.class.name}: #{e.message}" }
end

$stdout.sync = true
$stderr.reopen(File::NULL)
$stdin.each_line { |line| puts JSON.generate(answer(JSON.parse(line))) }
