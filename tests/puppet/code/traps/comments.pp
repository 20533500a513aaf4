# class nova::commented_out($x) {
/* class nova::commented_out_too($x) { */
class nova /* here */ ( # and here ( [ {
  # $gone = undef, "quoted' ) {
  $a, # it's about $a
  # $b is next
  $b = /* 'old' */ 'new' /* newer */, /* $c = 1, */
  $d = [ # a list
    'x', # 'y',
    /* 'z', */
  ],
  $e # the last one
  = # its default
  undef # none
  # nothing more
) # inherits nova::nothing
inherits # really
nova::params # that one
{
  # class nova::inner($x) { }
}
