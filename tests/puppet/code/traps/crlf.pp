class crlf(
  $a = 1, # one
  $b = @(EOT),
  text
  | EOT
  $c = [
    2,
  ]
) {
}

class second { }
