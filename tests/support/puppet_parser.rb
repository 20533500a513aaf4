# Answers, one JSON line each, what Puppet's own parser says of a manifest: {"text": TEXT} or {"path": PATH} to
# {"seconds", "definitions": [...]} or {"error"}. The text of a default runs from its first to its last token; a
# heredoc's lines follow it, because that is where its value stands.
require 'json'
begin
  require 'puppet'
rescue LoadError
  exit 1
end

MODEL = Puppet::Pops::Model
KINDS = {
  MODEL::HostClassDefinition => 'class', MODEL::ResourceTypeDefinition => 'define',
  MODEL::FunctionDefinition => 'function', MODEL::TypeAlias => 'type-alias', MODEL::PlanDefinition => 'plan'
}.freeze
OPENERS = %i[LPAREN WSLPAREN LBRACK LISTSTART LBRACE SELBRACE].freeze
CLOSERS = %i[RPAREN RBRACK RBRACE].freeze

# The tokens of one file, with the offsets that they have in it.
class Tokens
  def initialize(text)
    lexer = Puppet::Pops::Parser::Lexer2.new
    lexer.lex_string(text, 'file.pp')
    @text = text
    @tokens = lexer.fullscan.reject { |kind, _| kind == false }
    @outer = @tokens.first && @tokens.first[1].locator
    @index = {}
    @tokens.each_with_index { |(_, value), i| @index[value.offset] ||= i if value.locator.equal?(@outer) }
  end

  # Source text from the token at `offset` up to the comma or bracket that ends it; heredoc lines appended.
  def expression(offset)
    depth = 0
    in_bars = false
    last = offset
    heredocs = []
    @tokens[@index.fetch(offset)..].each do |kind, value|
      heredocs << heredoc(value) if kind == :SUBLOCATE
      next unless value.locator.equal?(@outer)

      break if depth.zero? && !in_bars && (kind == :COMMA || CLOSERS.include?(kind))

      in_bars ^= kind == :PIPE && depth.zero?

      depth += 1 if OPENERS.include?(kind)
      depth -= 1 if CLOSERS.include?(kind)
      last = [last, value.offset + value.length].max
    end
    ([@text.byteslice(offset, last - offset)] + heredocs).join("\n")
  end

  # Offset of the token after the `=` that follows the token at `offset`, or nil.
  def default_at(offset)
    i = @index.fetch(offset)
    @tokens[i + 1][0] == :EQUALS ? @tokens[i + 2][1].offset : nil
  end

  # What a type alias stands for: the type after its `=`, with the bracket that belongs to it (grammar: type_alias).
  def target(offset)
    i = @index.fetch(offset)
    i += 1 until @tokens[i][0] == :EQUALS
    first = last = @tokens[i + 1]
    belongs = %i[LBRACK LBRACE].include?(@tokens[i + 2]&.first)
    last = closing(first[0] == :CLASSREF ? i + 2 : i + 1) if first[0] != :CLASSREF || belongs
    @text.byteslice(first[1].offset, last[1].offset + last[1].length - first[1].offset)
  end

  private

  # The token that closes the bracket at index `i`.
  def closing(i)
    depth = 0
    @tokens[i..].find do |kind, _|
      depth += 1 if OPENERS.include?(kind)
      depth -= 1 if CLOSERS.include?(kind)
      depth.zero?
    end
  end

  # A heredoc's lines as they stand in the file, the line that ends it included.
  def heredoc(value)
    size = value[:value].sum(&:bytesize)
    rest = @text.byteslice(value.offset + size..)
    @text.byteslice(value.offset, size) + rest[/\A[^\n]*/].sub(/\r\z/, '')
  end
end

def source(node)
  node && node.locator.extract_text(node.offset, node.length)
end

def parameter(param, tokens)
  at = tokens.default_at(param.offset)
  { name: param.name, line: param.line, type: source(param.type_expr), default: at && tokens.expression(at),
    splat: param.captures_rest ? true : false }
end

def definition(node, tokens)
  found = { kind: KINDS.fetch(node.class), name: node.name.sub(/\A::/, ''), line: node.line, offset: node.offset }
  found[:inherits] = node.respond_to?(:parent_class) ? node.parent_class : nil
  found[:returns] = node.respond_to?(:return_type) ? source(node.return_type) : nil
  found[:returns] = tokens.target(node.offset) if node.is_a?(MODEL::TypeAlias)
  found[:parameters] = node.respond_to?(:parameters) ? node.parameters.map { |p| parameter(p, tokens) } : []
  found
end

def read(text)
  start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  program = Puppet::Pops::Parser::Parser.new.parse_string(text, 'file.pp')
  seconds = Process.clock_gettime(Process::CLOCK_MONOTONIC) - start
  nodes = program.model.definitions.select { |node| KINDS.key?(node.class) }
  tokens = nodes.empty? ? nil : Tokens.new(text)
  { seconds: seconds, definitions: nodes.sort_by(&:offset).map { |node| definition(node, tokens) } }
rescue StandardError, SystemStackError => e
  { error: e.message }
end

def answer(question)
  return 'yes' if question == 'are you there?'

  read(question['text'] || File.read(question['path'], encoding: 'utf-8'))
end

Puppet.initialize_settings(%w[--confdir /nonexistent --vardir /nonexistent], false)
Puppet[:tasks] = true
Puppet::Util::Log.level = :err
$stdout.sync = true
$stdin.each_line { |line| puts JSON.generate(answer(JSON.parse(line))) }
