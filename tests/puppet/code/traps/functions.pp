function nova::plain { 1 }
function nova::none() >> Integer { 1 }
function nova::rest(String $first, *$others) >> Hash[String, Array[Integer]] {
  $others.each |$o| { }
}
function nova::typed_rest(
  Variant[String, Integer] $a = 1,
  Array[String]            *$b,
)
  >> Optional[Enum['a', 'b']] {
  { 'class' => $a }
}
class nova::holder {
  function nova::inner($x) { $x }
}
