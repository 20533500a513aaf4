# Puppet 4 and later stop at the reserved word in the body, as they do at nova's own class of icehouse.
class nova::icehouse(
  $ensure_package  = 'present',
  $nova_public_key = undef, # { type => 'ssh-rsa', key => 'AAAA' }
  $monitoring      = false,
  # DEPRECATED PARAMETERS
  $logdir          = false,
) inherits nova::params {
  if $nova_public_key {
    if ! $nova_public_key[key] or ! $nova_public_key[type] {
      fail('nova_public_key must be a hash with "type" and "key"')
    }
  }
  if $logdir {
    warning('The logdir parameter is deprecated, use log_dir instead.')
  }
}
