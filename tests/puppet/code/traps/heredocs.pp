class nova::texts(
  $a = @(EOT),
    one, ) {
    class inside($x) { }
    | EOT
  $b = @("END TEXT"/L),
    two ${b['c']} "
    |- END TEXT
  $c = [@(ONE), @(TWO)],
first ) }
ONE
second ' "
TWO
  Hash[String, String] $d = { 'a' => @(E:json/) },
    { "b": 1 }
    -E
  $e = 'after',
) {
  notice(@(BODY))
    class not::this($y) { }
    | BODY
  class inner($z = @(LAST)) { }
  last
  | LAST
}
