# One Ruby process that loads native types and functions of modules with Puppet itself and describes them.
# Each line of input is {"libs": [...], "kind": "type" or "function", "file": ..., "name": ...}, or with "value" also
# "attribute" and "ensure": whether that type takes the value. Types are described by their attributes, functions by the
# least and most number of arguments of each signature (-1: no limit), null if they cannot be loaded.
require 'json'
require 'tmpdir'

begin
  require 'puppet'
  require 'puppet/parser/functions'
rescue LoadError
  exit 1
end

def describe_attribute(klass, property)
  collection = klass.value_collection
  values = collection.instance_variable_get(:@strings) + collection.instance_variable_get(:@regexes)
  checks = klass.instance_method(:unsafe_validate).owner
  own = ![Puppet::Parameter, Puppet::Property].include?(checks)
  { property: property, namevar: klass.isnamevar? ? true : klass.name == :name,
    all: property ? klass.array_matching == :all : false, own_check: own, parent: klass.superclass.name,
    words: values.reject(&:regex?).map { |one| one.name.to_s }, patterns: values.select(&:regex?).length }
end

def describe_type(name)
  type = Puppet::Type.type(name.to_sym)
  properties = type.properties.to_h { |one| [one.name, describe_attribute(one, true)] }
  type.parameters.to_h { |one| [one, describe_attribute(type.paramclass(one), false)] }.merge(properties)
end

def describe_function(question)
  if question['file'].include?('lib/puppet/parser/functions')
    load question['file']
    arity = Puppet::Parser::Functions.arity(question['name'].to_sym)
    return [arity >= 0 ? [arity, arity] : [-arity - 1, -1]]
  end
  loader = Puppet.lookup(:loaders).puppet_system_loader
  text = File.read(question['file'])
  entity = Puppet::Pops::Loader::RubyFunctionInstantiator.create(
    loader, Puppet::Pops::Loader::TypedName.new(:function, question['name']), question['file'], text
  )
  entity.class.dispatcher.signatures.map { |one| one.args_range.map { |n| n == Float::INFINITY ? -1 : n } }
end

def takes(question)
  values = { 'title' => 'a/b', question['attribute'] => question['value'] }
  type = Puppet::Type.type(question['name'].to_sym)
  attribute = type.attrclass(question['attribute'].to_sym)
  instance = attribute.new(resource: type.allocate)
  values = attribute <= Puppet::Property ? [question['value']].flatten(1) : [question['value']]
  values.each { |value| instance.unsafe_validate(value) }
  true
rescue StandardError
  false
end

$stdout.sync = true
Dir.mktmpdir do |scratch|
  ready = false
  $stdin.each_line do |line|
    question = JSON.parse(line)
    if question == 'are you there?'
      puts JSON.dump('yes')
      next
    end
    unless ready
      Puppet.initialize_settings(["--confdir=#{scratch}/c", "--vardir=#{scratch}/v", '--log_level=crit'])
      environment = Puppet::Node::Environment.create(:testing, [])
      Puppet.push_context(current_environment: environment, loaders: Puppet::Pops::Loaders.new(environment))
      ready = true
    end
    (question['libs'] || []).each { |lib| $LOAD_PATH.unshift(lib) unless $LOAD_PATH.include?(lib) }
    begin
      answer =
        if question.key?('value') then takes(question)
        elsif question['kind'] == 'type'
          load question['file'] unless Puppet::Type.type(question['name'].to_sym)
          describe_type(question['name'])
        else describe_function(question)
        end
    rescue StandardError, LoadError, SyntaxError => e
      answer = nil
      warn "#{question['name']}: #{e.class} #{e.message}" if ENV['VERBOSE']
    end
    puts JSON.dump(answer)
  end
end
