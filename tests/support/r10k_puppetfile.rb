# Answers, one JSON line each: which modules r10k finds in a Puppetfile, where it puts them and what it wants of them.
require 'json'
require 'r10k/module_loader/puppetfile'
require 'r10k/logging'

BASEDIR = '/environments/production'.freeze
WANTED = %w[remote desired_ref expected_version url expected_revision source checksum].freeze

# Reads the text it is given, not a file.
class Loader < R10K::ModuleLoader::Puppetfile
  attr_accessor :text

  def puppetfile_content(_path)
    text
  end
end

def encode(value)
  value.is_a?(Symbol) ? { 'symbol' => value.to_s } : value
end

def describe(mod)
  wanted = WANTED.map { |name| [name, encode(mod.instance_variable_get("@#{name}"))] }.to_h.compact
  kind = mod.class.name.split('::').last.downcase
  { 'name' => mod.name, 'kind' => kind, 'path' => mod.path.to_s.delete_prefix("#{BASEDIR}/"), 'wanted' => wanted }
end

def answer(text)
  return 'yes' if text == 'are you there?'

  loader = Loader.new(basedir: BASEDIR)
  loader.text = text
  loader.load![:modules].map { |mod| describe(mod) }
rescue StandardError, ScriptError => e
  { 'error' => "#{e.class.name}: #{e.message}" }
end

R10K::Logging.level = 'FATAL'
answers = $stdout.dup
answers.sync = true
$stdout.reopen(File::NULL)
$stderr.reopen(File::NULL)
$stdin.each_line { |line| answers.puts JSON.generate(answer(JSON.parse(line))) }
