define nova::typed(
  String $a,
  Optional[String[1]] $b = undef,
  Pattern[/^[a-z,)\]}'"]+$/] $c = 'x',
  Pattern[/a\/b/, /\A\\/] $d = 'a/b',
  Enum['a,b', "c]", 'it\'s'] $e = 'a,b',
  Variant[Integer[0, 65535], Array[Hash[String, Struct[{ 'x' => Integer, Optional['y,'] => Any }]]]] $f = [],
  Stdlib::Absolutepath
    $g = '/a',
  ::Nova::Thing $h = undef,
  Struct[{
    # what it has
    one => String, # a word
    'two' => Pattern[/#/],
  }]   $i = {},
  Type[Class['a']] $j = Class['a'],
  Hash $k = { String => Integer[1, 2] },
  Boolean    $l=true,
  Variant[Float, Enum['<SERVICE DEFAULT>']] $m = $facts['os_service_default'],
) { }
