# What Ruby's YAML reads: a JSON line with a scalar's text in, what it is as a text out.
require 'json'
require 'yaml'

$stdout.sync = true
while (line = $stdin.gets)
  question = JSON.parse(line, quirks_mode: true)
  answer =
    if question == 'are you there?'
      'yes'
    else
      begin
        YAML.safe_load("a: #{question}", permitted_classes: [Symbol])['a'].to_s
      rescue StandardError
        'refused'
      end
    end
  puts JSON.dump(answer)
end
