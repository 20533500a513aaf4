# Names that Puppet's parser takes and its validator does not.
class swift::proxy::proxy-logging(
  $access_log_name = 'swift',
) inherits swift::proxy-base {
  define heat::api-cfn-v1($bind_host = 'some-host-name', $bind_port = -1) { }
}
