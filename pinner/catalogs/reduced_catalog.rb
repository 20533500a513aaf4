# Turns a catalog into plain data: resources and parameters that compare equal if an agent would do the same. The shape is
# described in pinner/catalogs/__init__.py.

require 'digest'
require 'openssl'

class ReducedCatalog
  UNSET = '<SERVICE DEFAULT>' # what OpenStack's modules write for "not set"
  SHORTEST = 6 # characters of a secret that is searched for in other values
  WORDS = %w[absent default disabled enabled installed password present running].freeze # which are part of other values

  # `key` is the key of the digests, `secret` a regular expression of the names of secret parameters.
  def initialize(environment, key:, secret:, root:)
    @environment = environment
    @key = key
    @secret = Regexp.new(secret)
    @root = root
    @digests = {}
    @names = {}
  end

  def reduce(catalog)
    @secrets = {}
    resources = catalog.resources.reject { |resource| resource.virtual? || resource.type == 'Stage' }
    rows = resources.map { |resource| row(resource) }.sort_by { |row| [row[0], row[1]] }
    { 'resources' => rows.map { |row| JSON.generate(row) }, 'secrets' => @secrets }
  end

  private

  def row(resource)
    kind = kind_of(resource)
    parameters = parameters_of(resource)
    name = kind == 'native' ? name_of(resource) : nil
    parameters = {} if kind == 'class' # its parameters are what the code was given, not what it does
    [resource.type, resource.title.to_s, name, parameters, resource.file&.delete_prefix(@root), resource.line, kind]
  end

  def kind_of(resource)
    return 'class' if resource.type == 'Class'

    resource.resource_type.is_a?(Puppet::Resource::Type) ? 'define' : 'native'
  end

  def parameters_of(resource)
    is_secret = resource[:secret] == true
    found = {}
    resource.each do |name, value|
      next if value.nil? || value == :undef

      hides = (is_secret && name == :value) || resource.sensitive_parameters.include?(name) || name.to_s.match?(@secret)
      found[name.to_s] = hides ? hidden(value) : plain(value)
    end
    checksums = Array(found['source']).filter_map { |source| checksum(source) if source.is_a?(String) }
    found['source (content)'] = checksums.first if resource.type == 'File' && checksums.any?
    found.sort.to_h
  end

  # Two titles may name one package, file or service: the value of the type's namevar, if it differs from the title.
  def name_of(resource)
    attribute = namevar(resource)
    value = attribute && resource[attribute]
    value if value.is_a?(String) && value != resource.title
  end

  def namevar(resource)
    @names.fetch(resource.type) do |type|
      native = resource.resource_type
      keys = native.is_a?(Class) && native.isomorphic? ? native.key_attributes : []
      @names[type] = keys.include?(:name) ? :name : (keys.first if keys.size == 1)
    end
  end

  # Equal secrets have equal digests, which cannot be guessed without the key.
  def hidden(value)
    value = value.unwrap if value.respond_to?(:unwrap)
    return plain(value) if value.nil? || value == UNSET || value == true || value == false || value == '' || value.is_a?(Symbol)

    gather(value)
    { '__secret__' => digest(value) }
  end

  def gather(value)
    case value
    when String then @secrets[value] = digest(value) if value.valid_encoding? && value.size >= SHORTEST && !WORDS.include?(value)
    when Array then value.each { |one| gather(one) }
    when Hash then value.each_value { |one| gather(one) }
    end
  end

  def digest(value)
    OpenSSL::HMAC.hexdigest('SHA256', @key, JSON.generate(unwrapped(value)))[0, 12]
  end

  def unwrapped(value)
    case value
    when Array then value.map { |one| unwrapped(one) }
    when Hash then value.map { |key, one| [key.to_s, unwrapped(one)] }.sort.to_h
    else value.respond_to?(:unwrap) ? unwrapped(value.unwrap) : plain(value)
    end
  end

  def plain(value)
    case value
    when nil, :undef, :default then value&.to_s
    when String then text(value)
    when true, false, Integer then value
    when Float then value.finite? ? value : value.to_s
    when Array then value.map { |one| plain(one) }
    when Hash then value.map { |key, one| [plain(key).to_s, plain(one)] }.sort.to_h
    when Puppet::Pops::Types::PSensitiveType::Sensitive then hidden(value)
    when Puppet::Resource then value.ref
    when Puppet::Pops::Types::PBinaryType::Binary then { '__bytes__' => Digest::SHA256.hexdigest(value.binary_buffer) }
    else deferred?(value) ? { '__deferred__' => plain(value._pcore_init_hash.values_at('name', 'arguments')) } : value.to_s
    end
  end

  def text(value)
    return value if value.encoding != Encoding::BINARY && value.valid_encoding?
    return value.dup.force_encoding(Encoding::UTF_8) if value.dup.force_encoding(Encoding::UTF_8).valid_encoding?

    { '__bytes__' => Digest::SHA256.hexdigest(value) }
  end

  def deferred?(value)
    value.respond_to?(:_pcore_init_hash) && value._pcore_type.name == 'Deferred'
  end

  # The content of puppet:///modules/... is part of what an agent does, although a catalog only names it.
  def checksum(source)
    module_name, path = source[%r{\Apuppet:///modules/(.+)\z}, 1]&.split('/', 2)
    return if path.nil?

    @digests[source] ||= begin
      file = @environment.module(module_name)&.file(path)
      if file.nil? then 'missing'
      elsif File.directory?(file) then of_directory(file)
      else Digest::SHA256.file(file).hexdigest
      end
    end
  end

  def of_directory(directory)
    names = Dir.glob('**/*', File::FNM_DOTMATCH, base: directory).sort
    lines = names.map do |name|
      path = File.join(directory, name)
      File.file?(path) ? "#{name} #{Digest::SHA256.file(path).hexdigest}" : name
    end
    Digest::SHA256.hexdigest(lines.join("\n"))
  end
end
