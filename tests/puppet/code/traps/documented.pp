#
# Copyright 2014 Somebody
#

# == Class: nova::documented
#
# A class with `class nova::no($x) {` in its words.
#
# === Parameters
#
# [*a*]
#   (optional) What "a' is
#
class nova::documented (
  $a = 'b'
) {
}
