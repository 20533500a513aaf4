# Answers what Puppet's own type system and its YAML reader say, one JSON line a question:
#   "are you there?"                       -> "yes"
#   {"type": TEXT, "value": JSON}          -> true, false, or null if Puppet cannot read the type
#   {"regex": TEXT, "text": TEXT}          -> true, false, or null if Ruby cannot read the expression
#   {"yaml": TEXT}                         -> {"value": ...} with floats as {"float": TEXT}, or {"error": TEXT}
require 'json'
begin
  require 'puppet'
rescue LoadError
  exit 1
end

PARSER = Puppet::Pops::Types::TypeParser.singleton

def shown(value)
  case value
  when Hash then { 'hash' => value.map { |key, inner| [shown(key), shown(inner)] } }
  when Array then value.map { |inner| shown(inner) }
  when Float then { 'float' => value.to_s }
  when Symbol then { 'symbol' => value.to_s }
  else value
  end
end

def answer(question)
  return 'yes' if question == 'are you there?'
  return fits(question) if question.key?('type')
  return found(question) if question.key?('regex')

  { 'value' => shown(Puppet::Util::Yaml.safe_load(question['yaml'], [Symbol])) }
rescue Puppet::Util::Yaml::YamlLoadError => e
  { 'error' => e.message }
end

def fits(question)
  PARSER.parse(question['type']).instance?(question['value'])
rescue Puppet::Error, ArgumentError, RegexpError
  nil
end

def found(question)
  !Regexp.new(question['regex']).match(question['text']).nil?
rescue RegexpError
  nil
end

$stdin.each_line do |line|
  puts JSON.generate([answer(JSON.parse("[#{line}]").first)])[1..-2]
  $stdout.flush
end
