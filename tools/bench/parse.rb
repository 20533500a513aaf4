# Parses every manifest that the file ARGV[0] lists, one path a line, with Puppet's own parser, and does nothing else:
# what reading code costs before anybody looks at it. A file that this Puppet cannot parse is skipped, and counted.
require 'puppet'

parser = Puppet::Pops::Parser::Parser.new
failed = 0
File.readlines(ARGV.fetch(0), chomp: true).each do |path|
  parser.parse_file(path)
rescue Puppet::Error
  failed += 1
end
puts "#{failed} failed"
