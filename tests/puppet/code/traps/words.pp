class nova::words($type = 'type', $function = undef, $class = [class_name], $define = { 'define' => define_it }) {
  class { 'nova::other': class => 'x', type => 'y', function => 'z' }
  class { '::nova': define => true }
  file { 'a': type => file; 'b': ensure => $a ? { 'class' => 'define', default => absent } }
  notice($x.type, type($y), [type, function])
  $a = { type => 1, function => 2 }
  Class['nova'] -> Class["nova::${x}"]
  create_resources('class', { 'x' => {} })
  @@nova::thing { 'class foo($x) {': type => "class bar($y) {" }
  $define_it = 'define nova::no() {'
  unless $b { class real($z) { } }
}
