class nova::ratelimits(
  $ratelimits         = undef,
  $ratelimits_factory =
    'nova.api.openstack.compute.limits:RateLimitingMiddleware.factory',
  $plain
    = true
    ,
  $hash = {
    'a' => { 'b' => [1, 2, { c => d }] },
    'e' => "f",
  },
  $chosen = $::osfamily ? {
    'Debian' => 'a',
    default  => [ 'b', 'c' ],
  },
  $called = merge({ 'a' => 1 }, hiera('b', {}), $::nova::params::c),
  $method = $facts['os']['family'].downcase.split(','),
  $lambda = ['a', 'b'].map |$x, $y| { "${x}, ${y}" },
  $parens = ((1 + 2) * (3 - -4)) % 5,
  $negated = !($a and $b or $c in ['d']),
  $compared = $a != 'b',
  $same = $a == 'b',
  $more = $a >= 1,
  $less = $a <= 1,
  $splat = [*$a, 'b'],
) { }
