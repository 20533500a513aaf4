class outer($a = { 'x' => 1 }) {
  if $a { class in_if($b) { define deepest($c) { } } }
  define middle($d) { file { 'x': ensure => { } } }
  class inner inherits outer {
    class innermost($e) { }
  }
  class after_inner($f) { }
}
define beside($g) { class relative($h) { } }
node default { class in_node($i) { } }
node 'a.example.org', /^b\d+/ { include outer }
class last($j) { }
