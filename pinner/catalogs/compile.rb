# Compiles the catalogs of one environment: ruby compile.rb DESCRIPTOR
#
# The protocol is described in pinner/catalogs/__init__.py. The first line of standard input is the configuration, each
# further line a node. Answers go to the file descriptor DESCRIPTOR and to nothing else, because the code of modules may
# print to standard output.
#
# One process compiles one environment. Ruby keeps the first class that it loads under a name, so in a process that is
# shared, resources of a second environment would be checked against the native types of the first.

require 'json'
require 'tmpdir'
require 'fileutils'
require 'socket' # loaded before a child may be limited

ANSWERS = IO.for_fd(Integer(ARGV.fetch(0)), 'w')
ANSWERS.sync = true
ANSWERS.close_on_exec = true
REQUESTS = $stdin.dup
REQUESTS.close_on_exec = true
$stdin.reopen(File::NULL) # what modules may read
$stdout.reopen($stderr) # what modules may write

begin
  require 'puppet'
rescue LoadError => e
  ANSWERS.puts("0 #{JSON.generate('error' => "Ruby #{RUBY_VERSION} cannot load Puppet: #{e.message}")}")
  exit!(1)
end
require_relative 'reduced_catalog'

# Answers in place of Facter. Types and providers read facts while they are loaded, and the facts of the machine that
# compiles must not reach the catalogs of other machines. It starts no programs and is the same everywhere.
module InertFacter
  RELEASE = { 'full' => '0', 'major' => '0' }.freeze
  NAMES = { 'hostname' => 'compile', 'domain' => 'invalid', 'fqdn' => 'compile.invalid' }.freeze
  FACTS = {
    'os' => { 'name' => 'Linux', 'family' => 'Linux', 'release' => RELEASE }, 'networking' => NAMES, 'kernel' => 'Linux',
    'operatingsystem' => 'Linux', 'osfamily' => 'Linux', 'operatingsystemrelease' => '0', 'operatingsystemmajrelease' => '0'
  }.merge(NAMES).freeze
  Fact = Struct.new(:name, :value)

  class << self
    def value(name)
      name.to_s.split('.').reduce(FACTS) { |found, key| found[key] if found.is_a?(Hash) }
    end

    def fact(name)
      Fact.new(name, value(name))
    end

    alias [] fact

    def to_hash
      FACTS
    end

    def respond_to_missing?(*)
      true
    end

    def method_missing(*) # rubocop:disable Style/MissingRespondToMissing
      nil
    end
  end
end

Facter = InertFacter unless defined?(Facter)
$LOADED_FEATURES << 'facter.rb' # a module's own `require 'facter'`
Puppet.runtime[:facter] = -> { InertFacter }

# For each `require` that fails, as Puppet's confines of providers do by the hundred, Ruby searches for similar names.
DidYouMean::RequirePathChecker.define_method(:corrections) { [] } if defined?(DidYouMean::RequirePathChecker)

# Puppet's autoloader appends each file to $LOADED_FEATURES. Ruby 3.1.0 to 3.2.2 then look up the real path of every loaded
# file at the next `require` (https://bugs.ruby-lang.org/issues/19246), which is a third of the time of a first compilation.
# Required with an empty program in place of its code, the file is appended without that.
module CheapFeatures
  EMPTY = RubyVM::InstructionSequence.compile('')

  def self.needed?
    version = Gem::Version.new(RUBY_VERSION)
    version >= Gem::Version.new('3.1') && version < Gem::Version.new('3.2.3') && !RubyVM::InstructionSequence.respond_to?(:load_iseq)
  end

  def self.append(file)
    loader = RubyVM::InstructionSequence.singleton_class
    loader.define_method(:load_iseq) { |path| EMPTY if path == file }
    Kernel.send(Kernel.respond_to?(:gem_original_require, true) ? :gem_original_require : :require, file)
  rescue LoadError
    nil # the file is gone: what loads it reports that
  ensure
    loader.remove_method(:load_iseq)
  end

  def mark_loaded(name, file)
    path = File.expand_path(file)
    CheapFeatures.append(path) unless $LOADED_FEATURES.include?(path)
    super
  end
end
Puppet::Util::Autoload.singleton_class.prepend(CheapFeatures) if CheapFeatures.needed?

# Exported resources, as PuppetDB's query /resources returns them, in place of a PuppetDB.
class Puppet::Resource::FromFile < Puppet::Indirector::Code
  desc 'Exported resources read from a file.'

  class << self
    attr_accessor :resources
  end
  self.resources = []

  def search(request)
    scope = request.options[:scope]
    found = self.class.resources.select do |one|
      one['type'].casecmp?(request.key) && one['certname'] != request.options[:host] && selects?(request.options[:filter], one)
    end
    found.map { |one| resource(one, scope) }
  end

  private

  def resource(one, scope)
    made = Puppet::Parser::Resource.new(one['type'], one['title'], scope: scope, source: scope.source, exported: true)
    (one['parameters'] || {}).each { |name, value| made.set_parameter(name, value) }
    (one['tags'] || []).each { |tag| made.tag(tag) }
    made.collector_id = "#{one['certname']}|#{one['type']}|#{one['title']}"
    made
  end

  # A query is nil, [field, '==' or '!=', value] or [query, 'and' or 'or', query].
  def selects?(query, one)
    return true if query.nil?

    left, operator, right = query
    case operator
    when 'and' then selects?(left, one) && selects?(right, one)
    when 'or' then selects?(left, one) || selects?(right, one)
    else holds?(left.to_s, right, one) == (operator == '==')
    end
  end

  def holds?(field, value, one)
    return one['title'] == value if field == 'title'
    return (one['tags'] || []).include?(value.to_s.downcase) if field == 'tag'

    Array((one['parameters'] || {})[field]).map(&:to_s).include?(value.to_s)
  end
end

# hiera-eyaml without its gem and without keys: encrypted values stay as they are.
require 'hiera/scope' # a part of Puppet; Hiera is a class there
class Hiera
  module Backend
    module Eyaml
      Options = Class.new { def self.set(_options); end }
      Token = Struct.new(:to_plain_text)

      module Parser
        module ParserFactory
          def self.hiera_backend_parser
            self
          end

          def self.parse(text)
            [Token.new(text)]
          end
        end
      end
    end
  end
end
Puppet.features.add(:hiera_eyaml) { true }
%w[encryptor utils options parser/parser].each { |name| $LOADED_FEATURES << "hiera/backend/eyaml/#{name}.rb" }

# Compiles catalogs of the configured environment, in whichever process it is called.
class Compilation
  def initialize(configuration)
    @directory = configuration.fetch('scratch')
    @name = configuration.fetch('environment')
    @whole = configuration['whole']
    @logs = []
    set_up(configuration)
    loaders = Puppet::Environments::Directories.new(configuration.fetch('environmentpath'), [])
    @loaders = Puppet::Environments::Cached.new(loaders)
    @environment = @loaders.get(@name) or raise "there is no environment #{@name}"
    @root = "#{File.join(configuration.fetch('environmentpath'), @name)}/"
    @reduction = ReducedCatalog.new(@environment, key: configuration.fetch('key'), secret: configuration.fetch('secret'), root: @root)
    Puppet::Util::Log.newdestination(Puppet::Test::LogCollector.new(@logs))
  end

  # Yields where Puppet finds the environment.
  def within(&block)
    Puppet.override(environments: @loaders, current_environment: @environment, trusted_information: nil, &block)
  end

  # Returns the answer for one node; never raises.
  def answer(request)
    @logs.clear
    started = Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)
    result = begin
      catalog = Puppet::Parser::Compiler.compile(node(request), nil)
      @whole ? { 'catalog' => catalog.filter(&:virtual?).to_data_hash } : @reduction.reduce(catalog)
    rescue Exception => e # rubocop:disable Lint/RescueException - modules raise LoadError, SyntaxError, SystemExit, NoMemoryError
      { 'error' => failure(e) }
    end
    cpu = Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID) - started
    result.merge('warnings' => warnings(result.key?('error')), 'cpu' => cpu.round(4), 'puppet' => Puppet.version.to_s)
  end

  private

  def set_up(configuration)
    places = %w[conf var code log run public none].to_h { |name| [name, File.join(@directory, name)] }
    settings = {
      'confdir' => places['conf'], 'vardir' => places['var'], 'codedir' => places['code'], 'logdir' => places['log'],
      'rundir' => places['run'], 'publicdir' => places['public'], 'certname' => 'compile.invalid',
      'environmentpath' => configuration.fetch('environmentpath'), 'environment_timeout' => 'unlimited',
      'basemodulepath' => places['none'], # Debian's default contains modules that no lock pins
      'node_terminus' => 'plain', 'log_level' => 'warning'
    }
    Puppet.initialize_settings(settings.map { |name, value| "--#{name}=#{value}" })
    configuration.fetch('settings').each { |name, value| Puppet[name.to_sym] = value }
    Puppet.settings.preferred_run_mode = :server
    Puppet[:storeconfigs] = true # without it, collectors of exported resources collect nothing
    Puppet::Resource::Catalog.indirection.cache_class = nil
    Puppet::Resource.indirection.terminus_class = :from_file
    Puppet::Node.indirection.terminus_class = :plain
    Puppet::Resource::FromFile.resources = configuration['exported'] || []
  end

  def node(request)
    facts = Puppet::Node::Facts.new(request['name'], request['facts'])
    node = Puppet::Node.new(request['name'], environment: @environment, facts: facts,
                                             classes: request['classes'], parameters: request['parameters'])
    node.merge(facts.values)
    node.trusted_data = request['trusted']
    node.add_server_facts('serverversion' => Puppet.version.to_s, 'servername' => 'puppet.invalid', 'serverip' => '192.0.2.1')
    node
  end

  def failure(error)
    file, line, column = %i[file line pos].map { |name| error.public_send(name) if error.respond_to?(name) }
    { 'message' => plain(error.message)[0, 4000], 'class' => error.class.name, 'file' => file && plain(file), 'line' => line, 'column' => column }
  end

  # Without the errors of a compilation that failed: its failure is one of them.
  def warnings(has_failed)
    @logs.reject { |log| %i[debug info notice].include?(log.level) || (has_failed && log.level != :warning) }
         .map { |log| [plain(log.message), log.file && plain(log.file), log.line] }.uniq.first(200)
  end

  # Paths in messages are relative to the environment.
  def plain(text)
    text.to_s.scrub('?').gsub(@root, '')
  end
end

# Compiles each node in a child process, a few at a time, so that nothing that one compilation leaves behind (a class that
# failed to load, a changed constant, a warning that is given once) affects another, and a child that runs too long, uses
# too much memory or ends early affects its own node alone. This process compiles one node of each kind itself, after a
# child has shown that it can be compiled; later children inherit what was loaded.
class Children
  LONGEST = 256 * 1024 * 1024 # bytes of one answer
  MOST_PROCESSES = 256 # that one node may have at a time
  LOOK = 0.2 # seconds between two looks at the number of processes
  Child = Struct.new(:pid, :request, :text, :deadline)

  def initialize(compilation, configuration)
    @compilation = compilation
    @jobs, @timeout, @memory = configuration.values_at('jobs', 'timeout', 'memory')
    @kinds = configuration['warm'] ? {} : nil
    @seen = Hash.new(@kinds.nil?)
    @waiting = []
    @spare = nil
    @children = {}
    @unread = +''
    @is_open = true
  end

  def run
    while @is_open || @waiting.any? || @children.any?
      while @children.size < @jobs && (request = next_request)
        start(request)
      end
      sources = @children.keys
      sources << REQUESTS if @is_open && @waiting.size < @jobs
      ready, = IO.select(sources, nil, nil, patience)
      (ready || []).each { |source| source == REQUESTS ? read_requests : read_answer(source) }
      late = @children.select { |_, child| child.deadline <= now }.keys
      late.each { |source| finish(source, "did not end within #{@timeout.round} seconds") }
      crowded.each { |source| finish(source, "started more than #{MOST_PROCESSES} processes") }
    end
  end

  private

  # The second node of a kind waits for the first, to inherit what the parent loads after it.
  def next_request
    running = @children.values.map { |child| child.request['kind'] }
    index = @waiting.index { |request| @seen[request['kind']] || !running.include?(request['kind']) }
    index && @waiting.delete_at(index)
  end

  def now
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  def patience
    nearest = @children.values.map(&:deadline).min
    nearest && (nearest - now).clamp(0, LOOK)
  end

  # The nodes that have too many processes: no limit of the kernel holds for those of root. All are of the node's group.
  def crowded
    return [] if @children.empty? || now < (@next_look ||= 0)

    @next_look = now + LOOK
    ids = Dir.exist?('/proc') ? Dir.children('/proc').grep(/\A\d+\z/) : []
    return [] if ids.size <= MOST_PROCESSES

    sizes = ids.filter_map { |id| group_of(id) }.tally
    @children.select { |_, child| sizes.fetch(child.pid, 0) > MOST_PROCESSES }.keys
  end

  def group_of(id)
    File.read("/proc/#{id}/stat").rpartition(')').last.split[2].to_i # state, parent, group: proc(5)
  rescue SystemCallError
    nil
  end

  def read_requests
    @unread << REQUESTS.read_nonblock(1 << 20)
    while (line = @unread.slice!(/\A[^\n]*\n/))
      @waiting << JSON.parse(line)
    end
  rescue IO::WaitReadable
    nil
  rescue EOFError
    @is_open = false
  end

  # Answers with what this process compiled itself, if that was the same node, or else starts a child.
  def start(request)
    if @spare&.first == request.merge('id' => nil)
      respond(request, @spare.last)
      return @spare = nil
    end
    reader, writer = IO.pipe(binmode: true)
    pid = fork do
      [reader, REQUESTS, ANSWERS, *@children.keys].each(&:close)
      limit
      writer.write("#{JSON.generate(@compilation.answer(request))}\n")
      exit!(0)
    end
    writer.close
    begin
      Process.setpgid(pid, pid) # as the child does itself, whichever is first
    rescue Errno::EACCES, Errno::ESRCH
      nil
    end
    @children[reader] = Child.new(pid, request, String.new, now + @timeout)
  end

  def limit
    Process.setpgid(0, 0)
    Process.setrlimit(:DATA, @memory)
    Process.setrlimit(:CPU, @timeout.ceil + 1)
    Process.setrlimit(:FSIZE, 64 * 1024 * 1024)
    Process.setrlimit(:CORE, 0)
  end

  # A line is whole at its end, whether or not a process that the module started still holds the pipe.
  def read_answer(reader)
    text = @children.fetch(reader).text
    text << reader.read_nonblock(1 << 20)
    finish(reader) if text.end_with?("\n")
    finish(reader, 'gave an answer that is too long') if text.bytesize > LONGEST
  rescue IO::WaitReadable
    nil
  rescue EOFError
    finish(reader)
  end

  # The child and all that it started are killed: either its answer is whole, or there will be none.
  def finish(reader, reason = nil)
    child = @children.delete(reader)
    reader.close
    [-child.pid, child.pid].each do |target|
      Process.kill(:KILL, target)
    rescue Errno::ESRCH, Errno::EPERM
      nil
    end
    status = Process.wait2(child.pid).last
    @seen[child.request['kind']] = true
    if reason.nil? && child.text.end_with?("\n")
      respond(child.request, child.text.lines.first.chomp)
      warm(child)
    else
      reason ||= status.signaled? ? "was ended by SIG#{Signal.signame(status.termsig)}" : "ended with status #{status.exitstatus}"
      message = "the process that compiled the catalog #{reason}"
      respond(child.request, JSON.generate('error' => { 'message' => message, 'class' => 'died' }))
    end
  end

  def respond(request, text)
    ANSWERS.write("#{request['id']} #{text}\n")
  end

  def warm(child)
    kind = child.request['kind']
    return if @kinds.nil? || @kinds[kind] || child.text.match?(/\A\{"error"/)

    @kinds[kind] = true
    answer = @compilation.answer(child.request)
    exit!(9) if answer.key?('error') # it would fail the nodes that follow
    @spare = [child.request.merge('id' => nil), JSON.generate(answer)] # the last one, as it may be large
    GC.start
  end
end

configuration = JSON.parse(REQUESTS.gets)
Process.setrlimit(:DATA, 2 * configuration['memory']) # it compiles one node of each kind, too
Dir.mktmpdir('pinner-compile') do |scratch|
  compilation = Compilation.new(configuration.merge('scratch' => scratch))
  ANSWERS.puts("0 #{JSON.generate('puppet' => Puppet.version.to_s, 'ruby' => RUBY_VERSION)}")
  compilation.within { Children.new(compilation, configuration).run }
rescue StandardError => e
  ANSWERS.puts("0 #{JSON.generate('error' => e.message)}")
end
