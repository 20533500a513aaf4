# Answers, one JSON line each, what Puppet makes of the parameters of a class: {"modulepath": [...], "class": NAME,
# "given": {NAME: VALUE}, "facts": {...}} to {"error": MESSAGE or nil, "parameters": {NAME: VALUE}}. The parameters are
# those that the class has when its body begins, so they are there even if the body fails. With "is_define" it is a define, declared with a title after
# the module's params class.
require 'json'
require 'tmpdir'

begin
  require 'puppet'
rescue LoadError
  exit 1
end

def plain(value)
  case value
  when Array then value.map { |one| plain(one) }
  when Hash then value.to_h { |key, one| [key.to_s, plain(one)] }
  when nil, true, false, String, Integer, Float then value
  when :undef then nil
  when Puppet::Pops::Types::PSensitiveType::Sensitive then { 'sensitive' => plain(value.unwrap) }
  else value.to_s
  end
end

def node_of(question, environment)
  node = Puppet::Node.new('node.example.org', environment: environment)
  node.add_server_facts({})
  facts = Puppet::Node::Facts.new('node.example.org', question['facts'])
  node.merge(facts.values)
  node.instance_variable_set(:@facts, facts)
  node
end

def declare(question, compiler)
  %i[set_node_parameters create_settings_scope evaluate_main].each { |step| compiler.send(step) }
  compiler.topscope['given'] = question['given']
  params = "#{question['class'].split('::').first}::params"
  code = compiler.environment.known_resource_types.find_hostclass(params) ? "include #{params}\n" : ''
  code += "#{question['class']} { 'given': * => $given }"
  Puppet::Pops::Parser::EvaluatingParser.new.evaluate_string(compiler.topscope, code)
  compiler.send(:evaluate_generators)
end

def look(question, environments)
  environment = environments[question['modulepath']] ||=
    Puppet::Node::Environment.create(:"testing#{environments.size}", question['modulepath'])
  node = node_of(question, environment)
  is_define = question['is_define']
  node.classes = { question['class'] => question['given'] } unless is_define
  compiler = Puppet::Parser::Compiler.new(node)
  error = nil
  Puppet.override(current_environment: environment, loaders: compiler.loaders, trusted_information: nil) do
    begin
      is_define ? declare(question, compiler) : compiler.compile
    rescue StandardError, LoadError, SystemStackError => e
      error = e.message
    end
    type = is_define ? question['class'].split('::').map(&:capitalize).join('::') : 'Class'
    resource = compiler.catalog.resource(type, is_define ? 'given' : question['class'])
    found = resource ? resource.to_hash.transform_keys(&:to_s).transform_values { |one| plain(one) } : {}
    { error: error, parameters: found.reject { |name, _| name == 'name' } }
  end
end

$stdout.sync = true
Dir.mktmpdir do |scratch|
  environments = {}
  $stdin.each_line do |line|
    question = JSON.parse(line)
    if question == 'are you there?'
      puts JSON.dump('yes')
      next
    end
    if environments.empty?
      Puppet.initialize_settings(["--confdir=#{scratch}/conf", "--vardir=#{scratch}/var", '--log_level=crit',
                                  '--node_terminus=plain', '--strict=off'])
    end
    answer = begin
      look(question, environments)
    rescue StandardError => e
      { error: e.message, parameters: {} }
    end
    puts JSON.generate(answer)
  end
end
