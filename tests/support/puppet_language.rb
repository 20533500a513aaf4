# Answers, one JSON line each, what Puppet makes of code: {"path": PATH} or {"text": TEXT} to the syntax tree of its
# parser, as nested {"t": CLASS, ATTRIBUTE: ...}; {"value": EXPRESSION, "facts": {...}} to {"value": ...} after its
# evaluator; {"values": [EXPRESSION, ...]} to the values of all of them, with hashes as {"hash": [[KEY, VALUE], ...]}, or
# {"error": MESSAGE} in place of one. A failure is {"error": MESSAGE}.
require 'json'
begin
  require 'puppet'
rescue LoadError
  exit 1
end

POSITIONS = %w[locator offset length file line pos].freeze

def tree(node)
  case node
  when Array then node.map { |one| tree(one) }
  when Puppet::Pops::Model::PopsObject
    node._pcore_type.attributes(true).each_value.with_object('t' => node.class.name.split('::').last) do |attribute, found|
      found[attribute.name] = tree(node.send(attribute.name)) unless POSITIONS.include?(attribute.name)
    end
  when nil, true, false, String, Integer, Float then node
  else node.to_s
  end
end

def plain(value)
  case value
  when Array then value.map { |one| plain(one) }
  when Hash then value.to_h { |key, one| [key.to_s, plain(one)] }
  when nil, true, false, String, Integer, Float then value
  when :undef then nil
  else { 'type' => value.class.name }
  end
end

def exact(value)
  case value
  when Array then value.map { |one| exact(one) }
  when Hash then { 'hash' => value.map { |key, one| [exact(key), exact(one)] } }
  else plain(value)
  end
end

def parse(question)
  parser = Puppet::Pops::Parser::Parser.new
  found = question['path'] ? parser.parse_file(question['path']) : parser.parse_string(question['text'])
  tree(found.respond_to?(:model) ? found.model : found)
end

def evaluate(question, environment)
  node = Puppet::Node.new('node.example.org', environment: environment)
  node.add_server_facts({})
  node.merge(question['facts'] || {})
  compiler = Puppet::Parser::Compiler.new(node)
  scope = compiler.topscope
  (question['facts'] || {}).each { |name, value| scope[name] = value }
  scope.set_facts(question['facts'] || {})
  Puppet.override(current_environment: environment, loaders: compiler.loaders) do
    { 'value' => plain(Puppet::Pops::Parser::EvaluatingParser.new.evaluate_string(scope, question['value'])) }
  end
end

def evaluate_all(expressions, environment)
  expressions.map do |one|
    { 'value' => exact(evaluate_one(one, environment)) }
  rescue StandardError => e
    { 'error' => e.message }
  end
end

def evaluate_one(expression, environment)
  compiler = @compiler ||= Puppet::Parser::Compiler.new(Puppet::Node.new('node.example.org', environment: environment))
  Puppet.override(current_environment: environment, loaders: compiler.loaders) do
    scope = compiler.newscope(compiler.topscope)
    Puppet::Pops::Parser::EvaluatingParser.new.evaluate_string(scope, expression)
  end
end

$stdout.sync = true
Puppet[:log_level] = 'err' if Puppet.settings.app_defaults_initialized?
environment = nil
$stdin.each_line do |line|
  question = JSON.parse(line)
  if question == 'are you there?'
    puts JSON.dump('yes')
    next
  end
  answer = begin
    if question['value'] || question['values']
      unless environment
        Puppet.initialize_settings(['--log_level=crit'])
        environment = Puppet::Node::Environment.create(:testing, [])
      end
      question['values'] ? evaluate_all(question['values'], environment) : evaluate(question, environment)
    else
      parse(question)
    end
  rescue StandardError => e
    { 'error' => e.message }
  end
  puts JSON.generate(answer, max_nesting: false)
end
