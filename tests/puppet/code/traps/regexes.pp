class nova::divided(
  $a = 10 / 2,
  $b = $x / $y / 3,
  $c = $x ? { /a,b\)/ => 1, /[\/"']/ => 2, default => 3 },
  $d = $x =~ /^\d{1,3},(\)|\()/,
  $e = $x !~ /#/,
  $f = size($y) / 2,
  $g = [1, 2][0] / 2,
  $h = [/a'/, /b"/],
  $i = { /k}/ => 'v' },
  $j = regsubst($x, /[,)]/, ''),
) {
  if $x =~ /class nova::no($z) {/ { }
  case $x { /}/: { } default: { } }
  class within($z = 4 / 2) { }
}
class nova::after { }
