# Answers, one JSON line each: what Puppet's own semantic_puppet makes of a version, of two versions, or of a range.
require 'json'
require 'semantic_puppet'

def answer(question)
  return 'yes' if question == 'are you there?'

  versions = question['versions'].map { |text| SemanticPuppet::Version.parse(text) }
  return versions.map { |one| versions.map { |other| one <=> other } } unless question.key?('range')

  range = SemanticPuppet::VersionRange.parse(question['range'])
  versions.map { |version| range.include?(version) }
rescue StandardError => e
  { 'error' => e.class.name }
end

$stdout.sync = true
$stdin.each_line { |line| puts JSON.generate(answer(JSON.parse(line))) }
