# One Ruby process that compiles catalogs of several environments, one after the other, as a Puppet Server does.
# Each line of input is {"environmentpath": ..., "environment": ..., "facts": ... or none}; the answer is what the catalog's notifies say,
# sorted, or the error: {"said": [...]} or {"error": "..."}.
require 'json'
require 'tmpdir'

begin
  require 'puppet'
rescue LoadError
  exit 1
end

def prepare(environmentpath, scratch)
  Puppet.initialize_settings(
    ["--confdir=#{scratch}/conf", "--vardir=#{scratch}/var", "--codedir=#{scratch}/code",
     "--environmentpath=#{environmentpath}", '--node_terminus=plain', '--log_level=err'],
  )
  Puppet.settings.preferred_run_mode = :server
  Puppet::Environments::Cached.new(Puppet::Environments::Directories.new(environmentpath, []))
end

def compile(loaders, name, known)
  environment = loaders.get(name)
  facts = Puppet::Node::Facts.new('node.example.org', known || { 'os' => { 'family' => 'Debian' } })
  node = Puppet::Node.new('node.example.org', environment: environment, facts: facts)
  node.merge(facts.values)
  catalog = Puppet.override(environments: loaders, current_environment: environment, loaders: nil,
                            trusted_information: nil) { Puppet::Parser::Compiler.compile(node, nil) }
  { said: catalog.resources.select { |resource| resource.type == 'Notify' }.map(&:title).sort }
rescue StandardError, LoadError => e
  { error: e.message }
end

$stdout.sync = true
Dir.mktmpdir do |scratch|
  loaders = nil
  $stdin.each_line do |line|
    question = JSON.parse(line)
    if question == 'are you there?'
      puts JSON.dump('yes')
    else
      loaders ||= prepare(question['environmentpath'], scratch)
      puts JSON.dump(compile(loaders, question['environment'], question['facts']))
    end
  end
end
