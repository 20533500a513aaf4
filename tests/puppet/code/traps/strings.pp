class nova::strings(
  $a = "${b} } { ( ) , ' ${c['d,']}",
  $g = '${not} " ) , {',
  $h = "\${not} \" \\",
  $i = 'it\'s \\',
  $j = "a ${b("c ${d("e") } }")} f",
  $k = "$l$m ${n} $ $$o ${p.q |$r| { "}" }}",
  $s = "line one
  line, two) {
  ",
  $t = "${ {'a' => '}'}['a'] }",
  $u = "${if $v { '}' } else { "${w}" }}",
  $x = "# no comment ${y # a comment }
  }",
  $z = '',
  $aa = "",
) { }
