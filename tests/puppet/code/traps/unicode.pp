# François, 東京
class nova::unicode( # ünïcode
  $a = 'é, ü) {',
  $b = "${c}→",
  $d = @(ENDE),
  Größe
  | ENDE
  $e = '🐙', /* ☃ */ $f = 1,
) { }
