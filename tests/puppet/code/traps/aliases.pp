# A path, or nothing.
type Nova::Path = Optional[Variant[Stdlib::Absolutepath, Pattern[/^[\]\/]+$/]]]
type Nova::Plain = String type Nova::Renamed = Nova::Plain
type Nova::Record = Struct[{ 'a' => Integer, Optional['b'] => Enum['}', ']'] }]
type Nova::Size = Integer[0]
class nova::beside(Nova::Size $a = 1) { }
type Nova::Many = Variant[
  # one
  Nova::Size, # the size
  Array[Nova::Size],
]
